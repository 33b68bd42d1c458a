//! A file to statements.

use std::ops::Range;
use std::sync::Arc;

use super::blocks::Blocks;
use super::client::{self, Client};
use super::lexer::{Lexer, Token, TokenKind, unquote};
use super::position::{LineIndex, Position};
use super::{Dialect, Span};

/// A file that was read. It holds no pieces: they are read anew each time they are asked for, so that a file of any
/// size takes no memory besides its own.
#[derive(Clone, Debug)]
pub struct Script<'a> {
    text: &'a str,
    dialect: Dialect,
    lines: LineIndex,
}

/// Reads a file. Never fails.
pub fn split<'a>(text: &'a str, dialect: &Dialect) -> Script<'a> {
    Script { text, dialect: *dialect, lines: LineIndex::new(text) }
}

impl<'a> Script<'a> {
    /// The file's text.
    pub const fn text(&self) -> &'a str {
        self.text
    }

    /// The pieces in order. Joined, they are the file.
    pub fn pieces(&self) -> Pieces<'a> {
        Pieces::new(self.text, self.dialect)
    }

    /// The statements in order.
    pub fn statements(&self) -> impl Iterator<Item = Statement<'a>> + use<'a> {
        self.pieces().filter_map(|piece| match piece.content {
            Content::Statement(statement) => Some(statement),
            _ => None,
        })
    }

    /// Every comment, between statements and in them, in order: its range in the file. Executable comments that the
    /// version runs are no comments.
    pub fn comments(&self) -> impl Iterator<Item = Range<usize>> + use<'a> {
        let text = self.text;
        self.pieces().flat_map(move |piece| {
            let dialect = match &piece.content {
                Content::Statement(statement) => Some(statement.dialect),
                Content::Trivia(dialect) => Some(*dialect),
                Content::Delimiter | Content::Client(_) => None,
            };
            let start = piece.span.start;
            let inner = text.get(piece.span).unwrap_or_default();
            dialect
                .into_iter()
                .flat_map(move |dialect| Lexer::new(inner, dialect))
                .filter(|token| token.kind == TokenKind::Comment)
                .map(move |token| start + token.span.start as usize..start + token.span.end as usize)
        })
    }

    /// The line and column of a byte of the file.
    pub fn position(&self, offset: usize) -> Position {
        self.lines.position(self.text, offset)
    }
}

/// A part of a file.
#[derive(Clone, Debug)]
pub struct Piece<'a> {
    /// Its range in the file.
    pub span: Range<usize>,
    /// What it is.
    pub content: Content<'a>,
}

/// What a part of a file is.
#[derive(Clone, Debug)]
pub enum Content<'a> {
    /// Something to send to a server.
    Statement(Statement<'a>),
    /// White space, comments, a byte order mark; with the dialect in force.
    Trivia(Dialect),
    /// What ends a statement: `;`, what DELIMITER set, `\G`.
    Delimiter,
    /// A line that a client program acts on, and no server.
    Client(ClientCommand),
}

/// A line for a client program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCommand {
    /// The command, such as `delimiter` or `\i`.
    pub name: String,
    /// Why it cannot be obeyed here, in a sentence; `None` for DELIMITER, which is obeyed.
    pub refusal: Option<String>,
}

/// One statement, without its delimiter.
#[derive(Clone, Debug)]
pub struct Statement<'a> {
    /// From the first to the last byte that means something to the server.
    pub text: &'a str,
    /// Where the text begins in the file, in bytes.
    pub offset: usize,
    /// Where it begins for people.
    pub position: Position,
    /// The default database, if a USE stands before it.
    pub database: Option<Arc<str>>,
    /// The dialect in force: `SET sql_mode` of earlier statements is followed where its value can be read.
    pub dialect: Dialect,
    /// The file ended within a quote, an executable comment or a BEGIN .. END.
    pub unfinished: bool,
}

impl Statement<'_> {
    /// The tokens that the server's parser sees.
    pub fn tokens(&self) -> Vec<Token> {
        super::tokens(self.text, self.dialect)
    }

    /// A place of this statement as a range of the file.
    pub fn range(&self, span: Span) -> Range<usize> {
        self.offset + span.start as usize..self.offset + span.end as usize
    }
}

/// Reads the pieces of a file, one after the other.
#[derive(Clone, Debug)]
pub struct Pieces<'a> {
    text: &'a str,
    at: usize,
    initial: Dialect,
    dialect: Dialect,
    delimiter: String,
    database: Option<Arc<str>>,
    /// The byte that `position` belongs to.
    counted: usize,
    position: Position,
}

/// How a statement ended.
struct End {
    /// Behind the last token, counted from the statement's beginning.
    end: usize,
    /// Nothing closes its last quote, comment or block.
    unfinished: bool,
    /// The first token that a server sees.
    first: Option<Token>,
}

impl<'a> Pieces<'a> {
    fn new(text: &'a str, dialect: Dialect) -> Self {
        Self {
            text,
            at: 0,
            initial: dialect,
            dialect,
            delimiter: ";".to_owned(),
            database: None,
            counted: 0,
            position: Position { line: 1, column: 1 },
        }
    }

    /// Lines and columns are counted on from the last statement, so that a long line is not counted twice.
    fn position_of(&mut self, offset: usize) -> Position {
        let bytes = self.text.as_bytes();
        let mut from = self.counted;
        for found in memchr::memchr2_iter(b'\n', b'\r', &bytes[self.counted..offset]) {
            let at = self.counted + found;
            if bytes[at] == b'\n' || bytes.get(at + 1) != Some(&b'\n') {
                self.position = Position { line: self.position.line + 1, column: 1 };
                from = at + 1;
            }
        }
        let passed = self.text.get(from..offset).unwrap_or_default();
        let mark = usize::from(from == 0 && passed.starts_with('\u{feff}'));
        self.position.column += passed.chars().count() - mark;
        self.counted = offset;
        self.position
    }

    /// Where the delimiter begins within this token of `text`, if it does.
    fn delimiter_in(&self, text: &str, token: Token) -> Option<usize> {
        if matches!(token.kind, TokenKind::String | TokenKind::Quoted | TokenKind::Comment) {
            return None;
        }
        let delimiter = self.delimiter.as_bytes();
        token.span.range().find(|at| text.as_bytes()[*at..].starts_with(delimiter))
    }

    /// Reads on to the end of the statement that `text` begins with.
    fn statement_end(&self, text: &str) -> End {
        let semicolon = self.delimiter == ";";
        let mut lexer = Lexer::new(text, self.dialect);
        let mut blocks = Blocks::new(self.dialect.oracle);
        let mut end = 0;
        let mut first: Option<Token> = None;
        let mut last: Option<Token> = None;
        let mut count = 0_usize;
        while let Some(token) = lexer.next() {
            let span = token.span.range();
            if semicolon {
                if token.kind == TokenKind::Punct(b';') {
                    if blocks.is_open() {
                        blocks.semicolon();
                    } else if !lexer.in_executable_comment() {
                        return End { end, unfinished: false, first };
                    }
                }
            } else if let Some(at) = self.delimiter_in(text, token) {
                // It may be glued to a word: `END$$`.
                let glued = at > span.start;
                let first = first.or(glued.then_some(token));
                return End { end: if glued { at } else { end }, unfinished: false, first };
            }
            match token.kind {
                TokenKind::Comment => continue,
                TokenKind::CommentMark => {
                    end = span.end;
                    continue;
                }
                TokenKind::Word if semicolon && !blocks.is_simple() => blocks.word(&text[span.clone()]),
                TokenKind::Punct(b';') => {}
                TokenKind::Punct(b'\\') if client::is_terminator(&text[span.start..]) => {
                    return End { end, unfinished: false, first };
                }
                TokenKind::Punct(byte) => blocks.other(Some(byte)),
                _ => blocks.other(None),
            }
            // USE needs no delimiter: the line's end is enough.
            if count == 2
                && first.is_some_and(|first| first.is_word(text, "USE"))
                && memchr::memchr2(b'\n', b'\r', &text.as_bytes()[end..span.start]).is_some()
            {
                return End { end, unfinished: false, first };
            }
            count += 1;
            first = first.or(Some(token));
            last = Some(token);
            end = span.end;
        }
        let open_quote = last.is_some_and(|last| last.span.end as usize == text.len() && is_open_quote(text, last));
        // The lexer reads 4 GiB at most, which no server takes either.
        let cut = text.len() > u32::MAX as usize;
        let unfinished = lexer.in_executable_comment() || blocks.is_open() || open_quote || cut;
        End { end, unfinished, first }
    }

    fn piece(&mut self, length: usize, content: Content<'a>) -> Piece<'a> {
        let span = self.at..self.at + length;
        self.at = span.end;
        Piece { span, content }
    }

    /// What a statement changes for the ones behind it.
    fn follow(&mut self, statement: &Statement<'a>, first: Token) {
        if first.is_word(statement.text, "USE") {
            if let Some(name) = statement.tokens().get(1) {
                self.database = Some(unquote(name.text(statement.text), name.kind, self.dialect).into());
            }
        } else if first.is_word(statement.text, "SET") {
            self.dialect = client::dialect_after_set(statement, self.initial);
        }
    }

    /// How many bytes of white space and comments `text` begins with.
    fn trivia(&self, text: &str) -> usize {
        let mut lexer = Lexer::new(text, self.dialect);
        loop {
            let start = lexer.skip_space();
            match lexer.next() {
                Some(token) if token.kind == TokenKind::Comment => {}
                _ => return start,
            }
        }
    }
}

/// Whether a token begins with a quote that nothing closes.
fn is_open_quote(text: &str, token: Token) -> bool {
    let quoted = token.text(text).trim_start_matches(['n', 'N', 'x', 'X', 'b', 'B']).as_bytes();
    match (token.kind, quoted) {
        (TokenKind::Word | TokenKind::Variable | TokenKind::Punct(_), _) => false,
        (TokenKind::Number, _) => quoted == b"'" || quoted.len() > 1 && quoted[0] == b'\'' && !quoted.ends_with(b"'"),
        (_, [quote, .., last]) => quote != last,
        _ => true,
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let trivia = match rest.strip_prefix('\u{feff}') {
            Some(behind) if self.at == 0 => rest.len() - behind.len(),
            _ => self.trivia(rest),
        };
        if trivia > 0 {
            return Some(self.piece(trivia, Content::Trivia(self.dialect)));
        }
        if rest.starts_with(&self.delimiter) {
            return Some(self.piece(self.delimiter.len(), Content::Delimiter));
        }
        if client::is_terminator(rest) {
            return Some(self.piece(2, Content::Delimiter));
        }
        if let Some(Client { length, command, delimiter }) = client::read(rest) {
            self.delimiter = delimiter.unwrap_or_else(|| std::mem::take(&mut self.delimiter));
            return Some(self.piece(length, Content::Client(command)));
        }
        let End { end, unfinished, first } = self.statement_end(rest);
        let Some(first) = first else {
            // An executable comment with nothing in it.
            return Some(self.piece(end.max(1), Content::Trivia(self.dialect)));
        };
        let offset = self.at;
        let position = self.position_of(offset);
        let text = &rest[..end];
        let database = self.database.clone();
        let statement = Statement { text, offset, position, database, dialect: self.dialect, unfinished };
        self.follow(&statement, first);
        Some(self.piece(end, Content::Statement(statement)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::ServerVersion;

    fn dialect() -> Dialect {
        Dialect::new(ServerVersion::new(10, 11, 19))
    }

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let script = split(text, &dialect());
        let found: Vec<&str> = script.statements().map(|statement| statement.text).collect();
        assert_eq!(found, expected, "{text}");
        let joined: String = script.pieces().map(|piece| &text[piece.span]).collect();
        assert_eq!(joined, text);
        for statement in script.statements() {
            assert_eq!(statement.position, script.position(statement.offset), "{text}");
        }
    }

    #[test]
    fn splits_at_delimiters() {
        check("", &[]);
        check(";;", &[]);
        check("a; b", &["a", "b"]);
        check("\u{feff}a ;\r\n-- c;\n b -- d;\n;/* e; */", &["a", "b"]);
        check("a ';' `;` \";\" b; c 'open;", &["a ';' `;` \";\" b", "c 'open;"]);
        check("/*!40101 SET x=1 */;\n/*!99999 no */; b", &["/*!40101 SET x=1 */", "b"]);
        check("a\\G\nb\\g c", &["a", "b", "c"]);
        check("/*! */ ; a", &["a"]);
    }

    #[test]
    fn obeys_delimiter() {
        check(
            "DELIMITER $$\nCREATE PROCEDURE p() BEGIN a; END$$\ndelimiter ;\nb;c",
            &["CREATE PROCEDURE p() BEGIN a; END", "b", "c"],
        );
        check("delimiter //\na; b //c// delimiter ;\nd;e", &["a; b", "c", "d", "e"]);
        check("DELIMITER |\na|b\n|", &["a", "b"]);
    }

    #[test]
    fn use_ends_with_its_line() {
        check("use a\nb; use `c d`;e", &["use a", "b", "use `c d`", "e"]);
        let databases: Vec<_> =
            split("a; use x\nb; use `c d`;e", &dialect()).statements().map(|s| s.database).collect();
        let expected = [None, None, Some("x"), Some("x"), Some("c d")];
        assert_eq!(databases.iter().map(Option::as_deref).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn finds_the_end_of_bodies() {
        for body in [
            "CREATE PROCEDURE p() SELECT 1",
            "CREATE PROCEDURE p(a INT) BEGIN SELECT CASE WHEN 1 THEN 2 END; IF a THEN SELECT 1; ELSE SELECT IF(1,2,3); END IF; END",
            "CREATE OR REPLACE DEFINER=`a`@`b` PROCEDURE p() l: LOOP LEAVE l; END LOOP",
            "CREATE FUNCTION f() RETURNS VARCHAR(9) CHARACTER SET utf8 BEGIN RETURN 1; END",
            "CREATE FUNCTION f() RETURNS INT RETURN IF(1,2,3)",
            "CREATE FUNCTION f RETURNS INT SONAME 'x.so'",
            "CREATE TRIGGER t BEFORE INSERT ON x FOR EACH ROW IF NEW.a THEN SET NEW.a = 1; END IF",
            "CREATE TRIGGER t BEFORE INSERT ON x FOR EACH ROW FOLLOWS y BEGIN SET @x = 1; END",
            "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO BEGIN DELETE FROM t; END",
            "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM t",
            "BEGIN NOT ATOMIC DECLARE CONTINUE HANDLER FOR NOT FOUND SET d = IF(1,2,3); SELECT 1; END",
            "CREATE PROCEDURE p() BEGIN DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; END; a: BEGIN END a; END",
            "CREATE PROCEDURE p() BEGIN CASE x WHEN 1 THEN IF 1 THEN SELECT 1; END IF; ELSE BEGIN END; END CASE; END",
            "CREATE PROCEDURE p() BEGIN WHILE a DO SET a = 0; END WHILE; REPEAT SET a = 1; UNTIL a END REPEAT; END",
            "CREATE PROCEDURE p() BEGIN FOR i IN 1..3 DO SELECT i; END FOR; END",
            "CREATE PROCEDURE p() BEGIN NOT ATOMIC IF 1 THEN SELECT 1; END IF; END",
            "CREATE PROCEDURE p(end INT) BEGIN WHILE i <= end DO SET i = end; END WHILE; END",
            "SET STATEMENT sql_mode = '', a = 1 FOR CREATE PROCEDURE p() l: BEGIN SELECT 1; END",
            "CREATE PROCEDURE p() IF 1 THEN SELECT 1; END IF",
            "CREATE PROCEDURE IF NOT EXISTS p() SELECT 1",
            "CREATE FUNCTION IF NOT EXISTS f(a INT) RETURNS INT DETERMINISTIC RETURN IF(a,1,2)",
            "CREATE PROCEDURE p() COMMENT 'x' NOT DETERMINISTIC DROP TABLE IF EXISTS t",
            "CREATE PROCEDURE p() ALTER TABLE t ADD COLUMN IF NOT EXISTS a INT",
            "CREATE PROCEDURE p(OUT v CHAR(32)) SET v = REPEAT('a', 16)",
            "CREATE PROCEDURE p() BEGIN DECLARE CONTINUE HANDLER FOR SQLEXCEPTION DROP TABLE IF EXISTS t; SELECT 1; END",
            "CREATE PROCEDURE p() BEGIN DECLARE EXIT HANDLER FOR SQLSTATE VALUE '42000', 1051, NOT FOUND IF 1 THEN SELECT 1; END IF; END",
            "CREATE PROCEDURE p() BEGIN REPEAT SET @a = 1; UNTIL CASE WHEN @a THEN 1 ELSE 0 END END REPEAT; END",
            "CREATE DEFINER=user@localhost PROCEDURE p() BEGIN SELECT 1; SELECT 2; END",
            "CREATE DEFINER=CURRENT_USER() FUNCTION f() RETURNS SET('a') l: BEGIN RETURN 'a'; END l",
            "CREATE TRIGGER t BEFORE INSERT ON x FOR EACH ROW FOLLOWS y IF 1 THEN SET @x = 1; END IF",
            "CREATE TRIGGER t BEFORE INSERT ON x FOR EACH ROW PRECEDES `y` l: LOOP LEAVE l; END LOOP",
            "CREATE PROCEDURE p() FOR i IN 1..3 DO SELECT i; END FOR",
            "CREATE PROCEDURE test.insert() BEGIN SELECT t.end, t.case FROM t; SELECT 2; END",
            "CREATE PROCEDURE `if`(begin INT) BEGIN SELECT 1; END",
            "CREATE EVENT IF NOT EXISTS e ON SCHEDULE EVERY 1 DAY COMMENT 'x' DO IF 1 THEN SELECT 1; END IF",
            "ALTER EVENT e DO BEGIN SELECT 1; SELECT 2; END",
            "ALTER PROCEDURE p SQL SECURITY INVOKER",
            "CREATE PACKAGE p FUNCTION f() RETURNS INT; PROCEDURE q(); END",
            "CREATE PACKAGE BODY p FUNCTION f() RETURNS INT RETURN IF(1,2,3); PROCEDURE q() BEGIN SELECT 1; IF 1 THEN SELECT 2; END IF; END; END",
            "CREATE OR REPLACE PACKAGE BODY p DECLARE x INT DEFAULT 0; PROCEDURE q() l: BEGIN SELECT 1; END l; FUNCTION f() RETURNS INT BEGIN RETURN x; END; END",
            "/*!50003 CREATE TRIGGER t BEFORE INSERT ON x FOR EACH ROW BEGIN SELECT 1; IF 1 THEN SELECT 2; END IF; END */",
        ] {
            check(&format!("{body}; next"), &[body, "next"]);
        }
        check("BEGIN; a; COMMIT", &["BEGIN", "a", "COMMIT"]);
        check("BEGIN WORK; a", &["BEGIN WORK", "a"]);
    }

    #[test]
    fn oracle_bodies() {
        for body in [
            "CREATE PROCEDURE p AS a INT; BEGIN a := 1; END",
            "CREATE FUNCTION f RETURN INT IS BEGIN FOR i IN 1..2 LOOP a; END LOOP; RETURN 1; END",
            "CREATE PACKAGE p AS PROCEDURE a(); FUNCTION b RETURN INT; END",
            "CREATE PACKAGE BODY p AS x INT; PROCEDURE a AS BEGIN b; END; BEGIN c; END",
            "CREATE PACKAGE BODY p AS PROCEDURE a AS v INT; BEGIN b; END; END p",
            "DECLARE a INT; BEGIN a := 1; END",
            "BEGIN a; EXCEPTION WHEN x THEN b; END",
            "CREATE PROCEDURE p AS BEGIN WHILE a LOOP b; END LOOP; <<l>> LOOP c; END LOOP; END",
            "CREATE PROCEDURE p AS a INT; CONTINUE HANDLER FOR NOT FOUND BEGIN b; END; BEGIN c; END",
            "CREATE PROCEDURE p AS BEGIN IF a > IF(b, 1, 2) THEN c; END IF; END",
            "BEGIN <<l>> LOOP c; EXIT WHEN d; END LOOP l; END",
            "CREATE PACKAGE BODY `p` AS FUNCTION a(b INT) RETURN INT AS BEGIN RETURN IF(b,1,2); END; END",
        ] {
            let text = format!("SET sql_mode=ORACLE; {body}; next");
            let found: Vec<_> = split(&text, &dialect()).statements().map(|s| s.text).collect();
            assert_eq!(found[1..], [body, "next"], "{text}");
        }
    }

    #[test]
    fn refuses_client_commands() {
        for (text, name) in [("\\i x.sql\n", "\\i"), ("source a.sql;", "source"), ("\\connect db", "\\connect")] {
            let pieces: Vec<_> = split(text, &dialect()).pieces().collect();
            let Content::Client(command) = &pieces[0].content else { panic!("{pieces:?}") };
            assert_eq!(command.name, name);
            assert!(command.refusal.is_some());
        }
    }

    #[test]
    fn follows_sql_mode() {
        let text = "a; set sql_mode='ANSI_QUOTES'; b; set @@session.sql_mode=@old, x=1; c; \
                    set sql_mode=concat(@@sql_mode,',ANSI_QUOTES'); d; set global sql_mode=''; e; set sql_mode=''; f";
        let modes: Vec<bool> = split(text, &dialect()).statements().map(|s| s.dialect.ansi_quotes).collect();
        assert_eq!(modes, [false, false, true, true, false, false, true, true, true, true, false]);
    }

    #[test]
    fn a_value_of_sql_mode_is_read() {
        for (before, set, ansi, escapes) in [
            ("", "sql_mode=REPLACE(@@sql_mode,'NO_BACKSLASH_ESCAPES','')", false, true),
            ("NO_BACKSLASH_ESCAPES", "sql_mode=(SELECT REPLACE(@@sql_mode,'NO_BACKSLASH_ESCAPES,',''))", false, true),
            ("ANSI_QUOTES", "sql_mode=REPLACE(@@sql_mode,'ANSI_QUOTES','NO_BACKSLASH_ESCAPES')", false, false),
            ("", "sql_mode=CONCAT(REPLACE(@@sql_mode,'ANSI_QUOTES',''),',ANSI_QUOTES')", true, true),
            ("ANSI_QUOTES", "sql_mode=CONCAT('NO_BACKSLASH_ESCAPES', ',STRICT_ALL_TABLES')", false, false),
            ("ANSI_QUOTES", "@@sql_mode:=@@sql_mode", true, true),
            ("ANSI_QUOTES", "@@global.sql_mode=''", true, true),
            ("ANSI_QUOTES", "`sql_mode`=''", false, true),
            ("", "GLOBAL max_connections=9, sql_mode='ANSI_QUOTES'", false, true),
            ("", "GLOBAL max_connections=9, SESSION sql_mode='ANSI_QUOTES'", true, true),
            ("", "@a=f(1, 'sql_mode'), sql_mode=ANSI_QUOTES", true, true),
            ("", "STATEMENT sql_mode='ANSI_QUOTES' FOR SELECT 1", false, true),
        ] {
            let text = format!("SET sql_mode='{before}'; SET {set}; a");
            let last = split(&text, &dialect()).statements().last().unwrap().dialect;
            assert_eq!((last.ansi_quotes, !last.no_backslash_escapes), (ansi, escapes), "{text}");
        }
    }
}
