"""A saved model on the command line knows its columns."""

from __future__ import annotations

from online_softmax import load


def test_columns_are_what_the_model_has_learned_from(tmp_path, said, fails):
    (tmp_path / "codes.csv").write_text("code,y\n" + "1,u\n2,v\nx,w\n" * 20)
    said("train", tmp_path / "codes.csv", "--target", "y", "--save", tmp_path / "model")
    (tmp_path / "numbers.csv").write_text("code,y\n1,u\n2,v\n")
    args = [tmp_path / "numbers.csv", "--target", "y", "--from", tmp_path / "model"]
    assert said("predict", *args).split() == ["prediction", "u", "v"]
    said("train", *args, "--save", tmp_path / "other")
    assert set(load(tmp_path / "other").features) == {"code=1", "code=2", "code=x"}
    (tmp_path / "model").unlink()
    said("train", tmp_path / "numbers.csv", "--target", "y", "--save", tmp_path / "model")
    args[0] = tmp_path / "codes.csv"
    assert "codes.csv, line 4, column 'code': 'x' is not a finite number" in fails("predict", *args)
    (tmp_path / "odd.csv").write_text("a=b,y\n" + "red,u\nblue,v\n" * 20)
    said("train", tmp_path / "odd.csv", "--target", "y", "--save", tmp_path / "model")
    said("predict", tmp_path / "odd.csv", "--from", tmp_path / "model")
