// Tables that sort by a click, or by Enter on a heading, and show their first rows until they are asked for all.

const FIRST = 15;
const tables = new Map();

// A column is {title, value(row), show(row) or nothing, isText, order(row) or nothing}; columns of another length make a new table.
function drawTable(id, caption, columns, rows, note = "") {
  const place = at(id);
  let table = tables.get(id);
  const layout = columns.map((column) => column.title).join("\n");
  if (!table || table.layout !== layout) {
    table = { layout, sorted: null, isDown: false, isWhole: false };
    tables.set(id, table);
    table.caption = element("caption");
    table.headings = columns.map((column, i) =>
      element("th", { scope: "col", class: column.isText ? "text" : "" },
        element("button", { type: "button", onclick: () => sortTable(id, i) }, column.title)));
    table.body = element("tbody");
    table.more = element("button", { type: "button", class: "more", onclick: () => { table.isWhole = !table.isWhole; fillTable(id); } });
    table.note = element("p", { class: "note" });
    place.replaceChildren(
      element("div", { class: "table", tabindex: "0", role: "region", "aria-label": caption },
        element("table", {}, table.caption, element("thead", {}, element("tr", {}, ...table.headings)), table.body)),
      table.more, table.note);
  }
  Object.assign(table, { columns, rows });
  table.caption.textContent = caption;
  table.note.textContent = note;
  fillTable(id);
}

function sortTable(id, i) {
  const table = tables.get(id);
  const first = table.columns[i].isText ? false : true; // numbers from the largest down
  table.isDown = table.sorted === i ? !table.isDown : first;
  table.sorted = i;
  fillTable(id);
}

function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "en", { numeric: true });
}

function fillTable(id) {
  const { columns, rows, headings, body, more, sorted, isDown, isWhole } = tables.get(id);
  let inOrder = rows;
  if (sorted !== null) {
    const value = columns[sorted].order ?? columns[sorted].value;
    const given = rows.filter((row) => value(row) !== null && value(row) !== undefined);
    const missing = rows.filter((row) => value(row) === null || value(row) === undefined);
    given.sort((a, b) => (isDown ? compare(value(b), value(a)) : compare(value(a), value(b))));
    inOrder = [...given, ...missing];
  }
  headings.forEach((heading, i) => {
    if (i === sorted) heading.setAttribute("aria-sort", isDown ? "descending" : "ascending");
    else heading.removeAttribute("aria-sort");
  });
  body.replaceChildren(...inOrder.slice(0, isWhole ? rows.length : FIRST).map((row) =>
    element("tr", {}, ...columns.map((column, i) => {
      const shown = column.show ? column.show(row) : column.value(row);
      return element(i ? "td" : "th", { scope: i ? null : "row", class: column.isText ? "text" : null }, shown ?? "–");
    }))));
  more.hidden = rows.length <= FIRST;
  more.textContent = isWhole ? `Show the first ${FIRST}` : `Show all ${rows.length.toLocaleString("en")} rows`;
  more.setAttribute("aria-expanded", isWhole);
}
