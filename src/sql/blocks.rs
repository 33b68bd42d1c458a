//! Compound statements: which semicolons end a statement, and which stand in a stored program's body.
//!
//! Clients leave this to DELIMITER. A tool that reads a file without one has to know where a body ends, so this
//! follows the words that open and close blocks. It reads tokens, not grammar, and is meant for text that a server
//! would accept.

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
    For,
    /// Oracle mode: declarations before BEGIN.
    Declarations,
    Package,
}

/// What the statement's head announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Head {
    /// Nothing was read yet.
    Start,
    /// CREATE or ALTER, the kind of object not read yet.
    Create,
    /// A procedure or function.
    Routine,
    /// A trigger.
    Trigger,
    /// An event.
    Event,
    /// CREATE PACKAGE.
    Package,
    /// A block without a name: BEGIN NOT ATOMIC and the like.
    Anonymous,
    /// BEGIN: a transaction unless NOT ATOMIC follows.
    Begin,
    /// SET, which SET STATEMENT .. FOR begins with.
    Set,
    /// SET STATEMENT, up to FOR: then the statement itself begins.
    SetStatement,
    /// No compound statement.
    Simple,
}

/// Follows the blocks of one statement.
#[derive(Clone, Debug)]
pub(super) struct Blocks {
    head: Head,
    open: Vec<Block>,
    oracle: bool,
    /// A statement may begin here.
    at_statement: bool,
    /// The last token stood where a statement may begin, so a colon makes it a label.
    maybe_label: bool,
    /// The last token was END.
    after_end: bool,
    /// Between HANDLER and the statement that it runs.
    in_handler: bool,
    /// Between the name of a package's routine and its body.
    in_routine_head: bool,
    /// The body has begun.
    body: bool,
    /// In the condition of UNTIL, which END follows.
    after_until: bool,
}

impl Blocks {
    pub(super) fn new(oracle: bool) -> Self {
        Self {
            head: Head::Start,
            open: Vec::new(),
            oracle,
            at_statement: true,
            maybe_label: false,
            after_end: false,
            in_handler: false,
            in_routine_head: false,
            body: false,
            after_until: false,
        }
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
        self.at_statement = true;
        self.maybe_label = false;
        self.after_end = false;
        self.in_handler = false;
        self.in_routine_head = false;
    }

    /// A token that is neither a word nor a semicolon.
    pub(super) fn other(&mut self, punct: Option<u8>) {
        let label = punct == Some(b':') && self.maybe_label;
        let labelled = self.oracle && punct == Some(b'>');
        self.maybe_label = self.at_statement && punct.is_none();
        self.at_statement = label || labelled;
        self.after_end = false;
        if self.head == Head::Start {
            self.head = Head::Simple;
        }
    }

    fn push(&mut self, block: Block, at_statement: bool) {
        self.open.push(block);
        self.body = true;
        self.in_handler = false;
        self.at_statement = at_statement;
    }

    /// A word; a quoted identifier is none.
    pub(super) fn word(&mut self, word: &str) {
        let mut upper = [0; 10];
        let Some(upper) = upper.get_mut(..word.len()) else {
            return self.name();
        };
        upper.copy_from_slice(word.as_bytes());
        upper.make_ascii_uppercase();
        match self.head {
            Head::Start => self.first(upper),
            Head::Create => self.object(upper),
            Head::Begin if upper == b"NOT" => {}
            Head::Begin if upper == b"ATOMIC" || self.oracle && !matches!(&*upper, b"WORK") => {
                self.head = Head::Anonymous;
                self.push(Block::Begin, true);
                if upper != b"ATOMIC" {
                    self.keyword(upper);
                }
            }
            Head::Begin => self.head = Head::Simple,
            Head::Set if upper == b"STATEMENT" => self.head = Head::SetStatement,
            Head::Set => self.head = Head::Simple,
            Head::SetStatement if upper == b"FOR" => self.head = Head::Start,
            Head::SetStatement => {}
            Head::Simple => {}
            _ => self.keyword(upper),
        }
    }

    fn name(&mut self) {
        self.maybe_label = self.at_statement;
        self.at_statement = false;
        self.after_end = false;
        if self.head == Head::Start {
            self.head = Head::Simple;
        }
    }

    fn first(&mut self, word: &[u8]) {
        self.head = match word {
            b"CREATE" | b"ALTER" => Head::Create,
            b"BEGIN" => Head::Begin,
            b"SET" => Head::Set,
            b"IF" | b"CASE" | b"LOOP" | b"WHILE" | b"REPEAT" | b"FOR" => Head::Anonymous,
            b"DECLARE" if self.oracle => Head::Anonymous,
            _ => Head::Simple,
        };
        self.at_statement = true;
        if self.head == Head::Anonymous {
            self.keyword(word);
        }
    }

    fn object(&mut self, word: &[u8]) {
        self.head = match word {
            b"PROCEDURE" | b"FUNCTION" => Head::Routine,
            b"TRIGGER" => Head::Trigger,
            b"EVENT" => Head::Event,
            b"PACKAGE" => {
                self.push(Block::Package, true);
                Head::Package
            }
            b"TABLE" | b"VIEW" | b"INDEX" | b"DATABASE" | b"SCHEMA" | b"USER" | b"ROLE" | b"SERVER" | b"SEQUENCE"
            | b"UNIQUE" | b"FULLTEXT" | b"SPATIAL" | b"VECTOR" | b"ONLINE" | b"IGNORE" | b"TEMPORARY" => Head::Simple,
            _ => Head::Create,
        };
        self.at_statement = false;
    }

    fn keyword(&mut self, word: &[u8]) {
        let at_statement = std::mem::replace(&mut self.at_statement, false);
        let after_end = std::mem::replace(&mut self.after_end, false);
        self.maybe_label = at_statement;
        let starts = at_statement || self.in_handler || !self.body && self.head == Head::Routine;
        let top = self.open.last().copied();
        match word {
            b"IF" | b"LOOP" | b"WHILE" | b"REPEAT" | b"FOR" if after_end => {}
            b"CASE" if after_end => {}
            b"BEGIN" => self.begin(at_statement, top),
            // BEGIN NOT ATOMIC, within a body.
            b"NOT" | b"ATOMIC" if at_statement => self.at_statement = true,
            b"IF" if starts => self.push(Block::If, false),
            b"CASE" if starts => self.push(Block::CaseStatement, false),
            b"CASE" if self.is_open() => self.push(Block::CaseExpression, false),
            b"LOOP" if matches!(top, Some(Block::While | Block::For)) && !at_statement => {
                // Oracle mode: FOR .. LOOP .. END LOOP.
                self.at_statement = true;
            }
            b"LOOP" if starts => self.push(Block::Loop, true),
            b"WHILE" if starts => self.push(Block::While, false),
            b"REPEAT" if starts => self.push(Block::Repeat, true),
            b"FOR" if at_statement => self.push(Block::For, false),
            b"UNTIL" => self.after_until = top == Some(Block::Repeat),
            // Elsewhere it is a name.
            b"END" if at_statement || top == Some(Block::CaseExpression) || self.after_until => {
                self.open.pop();
                self.after_end = true;
                self.after_until = false;
            }
            b"THEN" | b"ELSE" => self.at_statement = top.is_some() && top != Some(Block::CaseExpression),
            b"DO" => self.at_statement = !at_statement || self.head == Head::Event && !self.body,
            b"ROW" if self.head == Head::Trigger && !self.body => self.at_statement = true,
            b"HANDLER" if self.is_open() => self.in_handler = true,
            b"DECLARE" if self.oracle && at_statement && top != Some(Block::Declarations) => {
                self.push(Block::Declarations, true);
            }
            b"AS" | b"IS" if self.oracle && !self.body && self.head == Head::Routine => {
                self.push(Block::Declarations, true);
            }
            b"AS" | b"IS" if self.in_routine_head => {
                self.in_routine_head = false;
                self.push(Block::Declarations, true);
            }
            b"AS" | b"IS" if top == Some(Block::Package) => self.at_statement = true,
            b"PROCEDURE" | b"FUNCTION" if top == Some(Block::Package) => self.in_routine_head = true,
            b"SET" | b"SELECT" | b"INSERT" | b"UPDATE" | b"DELETE" | b"REPLACE" | b"CALL" | b"SIGNAL" | b"RESIGNAL"
            | b"LEAVE" | b"ITERATE" | b"RETURN" | b"ROLLBACK" | b"COMMIT" | b"CLOSE" | b"GET" | b"WITH" => {
                self.in_handler = false;
                // `RETURNS VARCHAR(9) CHARACTER SET x` and Oracle's `RETURN INT AS` are no body yet.
                let in_head = word == b"SET" || self.oracle && word == b"RETURN";
                if self.head == Head::Routine && !in_head {
                    self.body = true;
                }
            }
            _ => {}
        }
    }

    fn begin(&mut self, at_statement: bool, top: Option<Block>) {
        match top {
            Some(Block::Declarations) => {
                self.open.pop();
                self.push(Block::Begin, true);
            }
            // The initialisation of a package: its END is the package's.
            Some(Block::Package) if !self.in_routine_head => self.at_statement = true,
            _ if at_statement || self.in_handler || self.in_routine_head || !self.body => {
                self.in_routine_head = false;
                self.push(Block::Begin, true);
            }
            _ => {}
        }
    }
}
