from streams.warehouse.statements import statements


def test_a_file_is_cut_at_semicolons_outside_quotes_and_comments() -> None:
    """Quoted text, identifiers, heredocs and comments may hold a semicolon; comments and blank statements vanish."""
    text = r"""
    -- first; not a statement
    SELECT 'a;b', 'it''s; so', 'back\';slash';
    /* none; here */ ;
    SELECT "odd;name", `other;name` -- tail; comment
    FROM t;
    SELECT $$x;y$$, $tag$z;$tag$, 4 / 2 - 1
    """
    assert [" ".join(statement.split()) for statement in statements(text)] == [
        r"SELECT 'a;b', 'it''s; so', 'back\';slash'",
        'SELECT "odd;name", `other;name` FROM t',
        "SELECT $$x;y$$, $tag$z;$tag$, 4 / 2 - 1",
    ]


def test_comment_marks_within_quotes_are_text() -> None:
    """A comment of a column may hold -- and /* without losing the rest of the file."""
    assert list(statements("SELECT '-- no', '/* no'; SELECT 2")) == ["SELECT '-- no', '/* no'", "SELECT 2"]
