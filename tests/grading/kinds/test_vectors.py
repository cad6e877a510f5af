import pytest
from pairs import DIFFERENT, EQUAL, UNDECIDED, compared

COLUMN = r"\begin{pmatrix} 1 \\ -2 \\ 3 \end{pmatrix}"
SQUARE = r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}"
LINE = r"\begin{pmatrix}1\\2\\3\end{pmatrix}+t\begin{pmatrix}1\\0\\1\end{pmatrix}"
CASES = [
    (r"\begin{Vmatrix}1&2\\3&4\end{Vmatrix}", r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", DIFFERENT),
    (r"[a, b)", r"\begin{pmatrix}a\\b\end{pmatrix}", DIFFERENT),
    (r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}", SQUARE, EQUAL),
    (r"\left[\begin{array}{cc} 1 & 2 \\ 3 & \frac{8}{2} \end{array}\right]", SQUARE, EQUAL),
    ("[[1, 2], [3, 4]]", SQUARE, EQUAL),
    (r"\begin{pmatrix} 1 & 3 \\ 2 & 4 \end{pmatrix}", SQUARE, DIFFERENT),
    (r"\begin{pmatrix} 1 & 3 \\ 2 & 4 \end{pmatrix}^T", SQUARE, EQUAL),
    (r"\begin{pmatrix} 1 & 2 \\ 3 & 5 \end{pmatrix}", SQUARE, DIFFERENT),
    (r"\begin{pmatrix} 1 & 2 & 3 & 4 \end{pmatrix}", SQUARE, DIFFERENT),
    (r"\begin{vmatrix} 1 & 2 \\ 3 & 4 \end{vmatrix}", SQUARE, DIFFERENT),
    (r"\frac{1}{2}\begin{pmatrix} 2 & 4 \\ 6 & 8 \end{pmatrix}", SQUARE, EQUAL),
    (r"-\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}", SQUARE, DIFFERENT),
    (r"\frac{1}{3}\begin{pmatrix} 2 & 4 \\ 6 & 8 \end{pmatrix}", SQUARE, DIFFERENT),
    # vectors
    (r"\mathbf{i} - 2\mathbf{j} + 3\mathbf{k}", COLUMN, EQUAL),
    (r"\hat{i} - 2\hat{j} + 3\hat{k}", COLUMN, EQUAL),
    (r"\mathbf{i} + 2\mathbf{j} + 3\mathbf{k}", COLUMN, DIFFERENT),
    (r"\mathbf{i} - 2\mathbf{k} + 3\mathbf{j}", COLUMN, DIFFERENT),
    (r"\langle 1, -2, 3 \rangle", COLUMN, EQUAL),
    ("(1, -2, 3)", COLUMN, EQUAL),
    ("(1, -2)", COLUMN, DIFFERENT),
    ("(-2, 1, 3)", COLUMN, DIFFERENT),
    (r"\begin{pmatrix} 1 & -2 & 3 \end{pmatrix}", COLUMN, EQUAL),
    (r"2\mathbf{i} + \mathbf{j}", "(2, 1)", EQUAL),
    (r"2\mathbf{i} + \mathbf{j}", "(2, 1, 0)", EQUAL),
    (r"2\mathbf{i} + \mathbf{j}", "(2, 1, 1)", DIFFERENT),
    (r"3 + 2i", "(3, 2)", DIFFERENT),
    # lines
    (LINE, LINE.replace("t", "s", 0), EQUAL),
    (r"\begin{pmatrix}2\\2\\4\end{pmatrix}+s\begin{pmatrix}2\\0\\2\end{pmatrix}", LINE, EQUAL),
    (r"\mathbf{r} = " + LINE, r"\mathbf{r} = " + LINE, EQUAL),
    (r"\begin{pmatrix}1\\2\\4\end{pmatrix}+t\begin{pmatrix}1\\1\\1\end{pmatrix}", LINE, DIFFERENT),
    (r"\begin{pmatrix}1\\3\\3\end{pmatrix}+t\begin{pmatrix}1\\0\\1\end{pmatrix}", LINE, DIFFERENT),
    (r"A\begin{pmatrix}1\\2\end{pmatrix}B", r"\begin{pmatrix}1\\2\end{pmatrix}", UNDECIDED),
]


@pytest.mark.parametrize(("answer", "gold", "outcome"), CASES)
def test_vectors(answer: str, gold: str, outcome: str) -> None:
    assert compared(answer, gold).outcome == outcome
