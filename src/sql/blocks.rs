//! Compound statements: which semicolons end a statement, and which stand in a stored program's body.
//!
//! Clients leave this to DELIMITER. A tool that reads a file without one has to know where a body ends, so this
//! follows the words that open and close blocks. It reads tokens, not grammar, and is meant for text that a server
//! would accept.
//!
//! All rests on knowing where a statement may begin: there IF opens a block, anywhere else it is a function, a part of
//! IF EXISTS or what END names.

/// What is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    Begin,
    If,
    CaseStatement,
    CaseExpression,
    Loop,
    While,
    Repeat,
    /// REPEAT behind UNTIL: END follows its condition without a semicolon.
    Until,
    For,
    /// Oracle mode: declarations before BEGIN.
    Declarations,
    Package,
}

/// What has a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Program {
    Procedure,
    Function,
    Trigger,
    Event,
    Package,
}

/// How far the words in front of a body were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Head {
    /// Nothing was read yet.
    Start,
    /// CREATE or ALTER, the kind of object not read yet.
    Create,
    /// The kind of object, but not its name.
    Unnamed(Program),
    /// The name. What follows, up to the body, holds no statement.
    Named(Program),
    /// A function's RETURNS, or Oracle's RETURN: from here on RETURN begins the body.
    Returns,
    /// BEGIN: a transaction unless NOT ATOMIC follows.
    Begin,
    /// SET, which SET STATEMENT .. FOR begins with.
    Set,
    /// SET STATEMENT, up to FOR: then the statement itself begins.
    SetStatement,
    /// All of it; what follows is the body.
    Body,
    /// No compound statement.
    Simple,
}

/// What the next token may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// The first of a statement.
    Statement,
    /// The first of the statement that a handler runs.
    Handled,
    /// FOR, behind HANDLER.
    Handler,
    /// A condition that a handler is for.
    Condition,
    /// Any other.
    Within,
}

/// Follows the blocks of one statement.
#[derive(Clone, Debug)]
pub(super) struct Blocks {
    head: Head,
    open: Vec<Block>,
    oracle: bool,
    at: At,
    /// The next word is a name, whatever it looks like.
    name_follows: bool,
    /// Open parentheses in front of a body.
    parentheses: usize,
}

impl Blocks {
    pub(super) fn new(oracle: bool) -> Self {
        let (head, at) = (Head::Start, At::Statement);
        Self { head, open: Vec::new(), oracle, at, name_follows: false, parentheses: 0 }
    }

    /// Whether the statement can hold no body at all, so that words need not be followed.
    pub(super) fn is_simple(&self) -> bool {
        self.head == Head::Simple
    }

    /// Whether a semicolon here belongs to a body.
    pub(super) fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// A semicolon within a body.
    pub(super) fn semicolon(&mut self) {
        // In a package it may also end a routine's head.
        self.body();
        self.name_follows = false;
    }

    fn body(&mut self) {
        self.head = Head::Body;
        self.at = At::Statement;
    }

    /// The body, of which this is the first word.
    fn begins_body(&mut self, word: &[u8]) {
        self.body();
        self.within_body(word);
    }

    /// A block without a name, behind its BEGIN.
    fn anonymous(&mut self) {
        self.body();
        self.push(Block::Begin, At::Statement);
    }

    fn push(&mut self, block: Block, then: At) {
        self.open.push(block);
        self.at = then;
    }

    fn starts(&self) -> bool {
        matches!(self.at, At::Statement | At::Handled)
    }

    /// A token that is neither a word nor a semicolon; `punct` where it is a single character.
    pub(super) fn other(&mut self, punct: Option<u8>) {
        match (self.head, punct) {
            (Head::Start, _) => self.head = Head::Simple,
            // DEFINER = account
            (Head::Create, Some(b'=')) => self.name_follows = true,
            (Head::Unnamed(_), None) => return self.named(),
            (Head::Begin, _) if self.oracle => self.anonymous(),
            (Head::Named(_) | Head::Returns, Some(b'(')) => self.parentheses += 1,
            (Head::Named(_) | Head::Returns, Some(b')')) => self.parentheses = self.parentheses.saturating_sub(1),
            (Head::Returns, Some(b':')) if self.parentheses == 0 => self.body(),
            _ => {}
        }
        match punct {
            Some(b'.') => {
                self.name_follows = true;
                self.at = At::Within;
            }
            // Behind a label; the `=` of `:=` takes it back.
            Some(b':') => self.at = At::Statement,
            // <<label>>
            Some(b'<') if self.starts() => self.name_follows = true,
            Some(b'>') if self.starts() => {}
            Some(b',') if matches!(self.at, At::Handled | At::Condition) => self.at = At::Condition,
            None if self.name_follows => self.name_follows = false,
            None if self.at == At::Condition => self.at = At::Handled,
            _ => self.at = At::Within,
        }
    }

    /// A word; a quoted identifier is none.
    pub(super) fn word(&mut self, word: &str) {
        if std::mem::take(&mut self.name_follows) {
            return;
        }
        let mut upper = [0; 16];
        // No word that counts is longer.
        let upper = upper.get_mut(..word.len()).unwrap_or_default();
        if !upper.is_empty() {
            upper.copy_from_slice(word.as_bytes());
            upper.make_ascii_uppercase();
        }
        let word = &*upper;
        match self.head {
            Head::Start => self.first(word),
            Head::Create => self.object(word),
            Head::Unnamed(_) if matches!(word, b"IF" | b"NOT" | b"EXISTS" | b"BODY") => {}
            Head::Unnamed(_) => self.named(),
            Head::Named(_) | Head::Returns if self.parentheses > 0 => {}
            Head::Named(program) => self.behind_name(program, word),
            Head::Returns => self.behind_returns(word),
            Head::Begin if word == b"NOT" => {}
            Head::Begin if word == b"ATOMIC" => self.anonymous(),
            Head::Begin if self.oracle && word != b"WORK" => {
                self.anonymous();
                self.within_body(word);
            }
            Head::Set if word == b"STATEMENT" => self.head = Head::SetStatement,
            Head::SetStatement if word == b"FOR" => self.head = Head::Start,
            Head::SetStatement | Head::Simple => {}
            Head::Begin | Head::Set => self.head = Head::Simple,
            Head::Body => self.within_body(word),
        }
    }

    fn first(&mut self, word: &[u8]) {
        match word {
            b"CREATE" | b"ALTER" => self.head = Head::Create,
            b"BEGIN" => self.head = Head::Begin,
            b"SET" => self.head = Head::Set,
            b"IF" | b"CASE" | b"LOOP" | b"WHILE" | b"REPEAT" | b"FOR" => self.begins_body(word),
            b"DECLARE" if self.oracle => self.begins_body(word),
            _ => self.head = Head::Simple,
        }
    }

    fn object(&mut self, word: &[u8]) {
        self.head = match word {
            b"PROCEDURE" => Head::Unnamed(Program::Procedure),
            b"FUNCTION" => Head::Unnamed(Program::Function),
            b"TRIGGER" => Head::Unnamed(Program::Trigger),
            b"EVENT" => Head::Unnamed(Program::Event),
            b"PACKAGE" => Head::Unnamed(Program::Package),
            b"OR" | b"REPLACE" | b"DEFINER" | b"AGGREGATE" => Head::Create,
            _ => Head::Simple,
        };
    }

    /// The name was read.
    fn named(&mut self) {
        let Head::Unnamed(program) = self.head else { return };
        self.parentheses = 0;
        self.head = Head::Named(program);
        self.at = At::Within;
        if program == Program::Package {
            self.body();
            self.open.push(Block::Package);
        }
    }

    fn behind_name(&mut self, program: Program, word: &[u8]) {
        match (program, word) {
            (Program::Procedure | Program::Function, b"AS" | b"IS") => self.declarations(),
            (Program::Function, b"RETURNS" | b"RETURN") => self.head = Head::Returns,
            (
                Program::Procedure,
                b"COMMENT" | b"LANGUAGE" | b"SQL" | b"NOT" | b"DETERMINISTIC" | b"CONTAINS" | b"NO" | b"READS"
                | b"MODIFIES" | b"DATA" | b"SECURITY" | b"DEFINER" | b"INVOKER",
            ) => {}
            (Program::Procedure, _) => self.begins_body(word),
            (Program::Trigger, b"ROW") | (Program::Event, b"DO") => self.body(),
            _ => {}
        }
    }

    /// A type may have any name, but none of these; and what a function does is RETURN or a block.
    fn behind_returns(&mut self, word: &[u8]) {
        match word {
            b"AS" | b"IS" => self.declarations(),
            b"RETURN" | b"BEGIN" | b"IF" | b"CASE" | b"LOOP" | b"WHILE" | b"REPEAT" | b"FOR" => self.begins_body(word),
            _ => {}
        }
    }

    fn declarations(&mut self) {
        self.body();
        self.open.push(Block::Declarations);
    }

    fn within_body(&mut self, word: &[u8]) {
        let starts = self.starts();
        let at = std::mem::replace(&mut self.at, At::Within);
        let top = self.open.last().copied();
        match word {
            b"FOR" if at == At::Handler => self.at = At::Condition,
            // NOT FOUND, SQLSTATE VALUE '..'
            b"NOT" | b"SQLSTATE" | b"VALUE" if at == At::Condition => self.at = At::Condition,
            _ if at == At::Condition => self.at = At::Handled,
            b"HANDLER" if !starts => self.at = At::Handler,
            b"BEGIN" if starts => self.begin(at, top),
            // BEGIN NOT ATOMIC, and the head of a package.
            b"NOT" | b"ATOMIC" if starts => self.at = At::Statement,
            b"AS" | b"IS" if top == Some(Block::Package) => self.at = At::Statement,
            b"FOLLOWS" | b"PRECEDES" if starts && !self.is_open() => {
                self.at = At::Statement;
                self.name_follows = true;
            }
            b"PROCEDURE" if top == Some(Block::Package) => self.head = Head::Unnamed(Program::Procedure),
            b"FUNCTION" if top == Some(Block::Package) => self.head = Head::Unnamed(Program::Function),
            b"DECLARE" if self.oracle && starts && top != Some(Block::Declarations) => self.declarations(),
            b"IF" if starts => self.push(Block::If, At::Within),
            b"CASE" if starts => self.push(Block::CaseStatement, At::Within),
            b"CASE" => self.push(Block::CaseExpression, At::Within),
            b"LOOP" if starts => self.push(Block::Loop, At::Statement),
            b"WHILE" if starts => self.push(Block::While, At::Within),
            b"REPEAT" if starts => self.push(Block::Repeat, At::Statement),
            b"FOR" if starts => self.push(Block::For, At::Within),
            b"DO" | b"LOOP" if matches!(top, Some(Block::While | Block::For)) && !starts => self.at = At::Statement,
            b"THEN" | b"ELSE" if top != Some(Block::CaseExpression) => self.at = At::Statement,
            b"UNTIL" if starts && top == Some(Block::Repeat) => {
                self.open.pop();
                self.open.push(Block::Until);
            }
            // Elsewhere it is a name.
            b"END" if starts || matches!(top, Some(Block::CaseExpression | Block::Until)) => {
                self.open.pop();
                // END IF, END label
                self.name_follows = top != Some(Block::CaseExpression);
            }
            _ => {}
        }
    }

    fn begin(&mut self, at: At, top: Option<Block>) {
        match top {
            Some(Block::Declarations) if at == At::Statement => {
                self.open.pop();
                self.push(Block::Begin, At::Statement);
            }
            // Oracle mode: the initialisation of a package. Its END is the package's.
            Some(Block::Package) if self.oracle => self.at = At::Statement,
            _ => self.push(Block::Begin, At::Statement),
        }
    }
}
