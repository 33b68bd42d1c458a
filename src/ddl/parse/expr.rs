//! Expressions: where they end, and what they refer to.

use super::cursor::Cursor;
use crate::ddl::ast::{DefaultValue, Expr, ExprFacts, Ident};
use crate::sql::{Token, TokenKind};

/// Words that stand in expressions and are neither columns nor, before a parenthesis, functions.
const OPERATORS: &[&str] = &[
    "AGAINST",
    "ALL",
    "AND",
    "ANY",
    "AS",
    "ASC",
    "BETWEEN",
    "BINARY",
    "BOOLEAN",
    "BOTH",
    "BY",
    "CASE",
    "COLLATE",
    "DESC",
    "DISTINCT",
    "DIV",
    "ELSE",
    "END",
    "ESCAPE",
    "EXISTS",
    "FALSE",
    "FOR",
    "FROM",
    "IN",
    "INTERVAL",
    "IS",
    "LEADING",
    "LIKE",
    "MATCH",
    "MEMBER",
    "MOD",
    "MODE",
    "NOT",
    "NULL",
    "OF",
    "ON",
    "OR",
    "ORDER",
    "OVER",
    "PARTITION",
    "REGEXP",
    "RLIKE",
    "ROW",
    "SELECT",
    "SEPARATOR",
    "SOME",
    "SOUNDS",
    "THEN",
    "TRAILING",
    "TRUE",
    "UNKNOWN",
    "USING",
    "VALUE",
    "WHEN",
    "WHERE",
    "WITH",
    "XOR",
];

/// Types that follow AS in CAST, or stand before a literal.
const TYPES: &[&str] = &[
    "BINARY",
    "CHAR",
    "CHARACTER",
    "CHARSET",
    "DATE",
    "DATETIME",
    "DECIMAL",
    "DOUBLE",
    "FLOAT",
    "INET4",
    "INET6",
    "INT",
    "INTEGER",
    "NCHAR",
    "PRECISION",
    "SET",
    "SIGNED",
    "TIME",
    "TIMESTAMP",
    "UNSIGNED",
    "UUID",
    "VARCHAR",
    "YEAR",
];

/// Units of INTERVAL and EXTRACT.
const UNITS: &[&str] = &[
    "DAY",
    "DAY_HOUR",
    "DAY_MICROSECOND",
    "DAY_MINUTE",
    "DAY_SECOND",
    "HOUR",
    "HOUR_MICROSECOND",
    "HOUR_MINUTE",
    "HOUR_SECOND",
    "MICROSECOND",
    "MINUTE",
    "MINUTE_MICROSECOND",
    "MINUTE_SECOND",
    "MONTH",
    "QUARTER",
    "SECOND",
    "SECOND_MICROSECOND",
    "WEEK",
    "YEAR",
    "YEAR_MONTH",
];

/// Functions that are called without parentheses.
const BARE_FUNCTIONS: &[&str] = &[
    "CURRENT_DATE",
    "CURRENT_ROLE",
    "CURRENT_TIME",
    "CURRENT_TIMESTAMP",
    "CURRENT_USER",
    "LOCALTIME",
    "LOCALTIMESTAMP",
    "SYSDATE",
    "UTC_DATE",
    "UTC_TIME",
    "UTC_TIMESTAMP",
];

/// Synonyms of CURRENT_TIMESTAMP.
const NOW: &[&str] = &["CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP", "NOW"];

fn is_one_of(word: &str, list: &[&str]) -> bool {
    list.iter().any(|entry| entry.eq_ignore_ascii_case(word))
}

/// What the tokens of an expression refer to.
pub(super) fn facts(text: &str, dialect: crate::sql::Dialect, tokens: &[Token]) -> ExprFacts {
    let mut facts = ExprFacts { literal: is_literal(text, tokens), ..ExprFacts::default() };
    facts.null = matches!(tokens, [token] if token.is_word(text, "NULL"));
    let punct = |index: usize, byte: u8| tokens.get(index).is_some_and(|token| token.kind == TokenKind::Punct(byte));
    let word = |index: usize, word: &str| tokens.get(index).is_some_and(|token| token.is_word(text, word));
    // After AS of a CAST, words are types until the parenthesis closes.
    let mut in_type = false;
    for (index, token) in tokens.iter().enumerate() {
        let called = punct(index + 1, b'(');
        match token.kind {
            TokenKind::Variable => {
                facts.variables = true;
                facts.user_variables |= !token.text(text).starts_with("@@");
            }
            TokenKind::Punct(b')' | b',') => in_type = false,
            TokenKind::Quoted if called => call(&mut facts, &token.text(text).to_ascii_lowercase().replace('`', "")),
            TokenKind::Quoted if !punct(index + 1, b'.') => {
                let value = crate::sql::unquote(token.text(text), token.kind, dialect).into_owned();
                column(&mut facts, Ident { value, span: token.span });
            }
            TokenKind::Word => {
                let name = token.text(text);
                let dotted = index > 0 && punct(index - 1, b'.');
                let keyword = !dotted && is_one_of(name, OPERATORS);
                facts.subquery |= keyword && name.eq_ignore_ascii_case("SELECT");
                in_type |= keyword && name.eq_ignore_ascii_case("AS");
                let typed = in_type && is_one_of(name, TYPES);
                let charset = word(index.wrapping_sub(1), "USING") || word(index.wrapping_sub(1), "COLLATE");
                let introducer = tokens.get(index + 1).is_some_and(|next| {
                    next.kind == TokenKind::String && (name.starts_with('_') || is_one_of(name, TYPES))
                        || next.kind == TokenKind::Number && name.starts_with('_')
                });
                if called && (!keyword || is_one_of(name, &["MOD", "VALUE"])) && !typed {
                    call(&mut facts, &name.to_ascii_lowercase());
                } else if keyword || typed || charset || introducer || punct(index + 1, b'.') {
                } else if !dotted && is_one_of(name, BARE_FUNCTIONS) {
                    call(&mut facts, &name.to_ascii_lowercase());
                } else if !dotted && is_unit(text, tokens, index) {
                } else if is_one_of(name, &["NEXT", "PREVIOUS"]) && word(index + 1, "VALUE") {
                    call(&mut facts, "nextval");
                } else {
                    column(&mut facts, Ident { value: name.to_owned(), span: token.span });
                }
            }
            _ => {}
        }
    }
    facts
}

fn call(facts: &mut ExprFacts, name: &str) {
    // As columns below.
    if !facts.functions.iter().take(64).any(|known| known == name) {
        facts.functions.push(name.to_owned());
    }
}

fn column(facts: &mut ExprFacts, name: Ident) {
    // Names in a long expression are compared with the first few only, so that time stays linear.
    let known = facts.columns.iter().take(64).any(|known| known.value.eq_ignore_ascii_case(&name.value));
    if !known {
        facts.columns.push(name);
    }
}

/// A unit of INTERVAL, EXTRACT, TIMESTAMPADD or TIMESTAMPDIFF, not a column of that name.
fn is_unit(text: &str, tokens: &[Token], index: usize) -> bool {
    if !is_one_of(tokens[index].text(text), UNITS) {
        return false;
    }
    let before = |back: usize, words: &[&str]| {
        index
            .checked_sub(back)
            .is_some_and(|at| tokens[at].kind == TokenKind::Word && is_one_of(tokens[at].text(text), words))
    };
    before(2, &["INTERVAL", "EXTRACT", "TIMESTAMPADD", "TIMESTAMPDIFF"])
        || (3..8).any(|back| before(back, &["INTERVAL"]))
}

/// One literal: a number with or without a sign, strings, an introducer, TRUE, FALSE, NULL, DATE '..'.
fn is_literal(text: &str, tokens: &[Token]) -> bool {
    let tokens = match tokens {
        [sign, number] if matches!(sign.kind, TokenKind::Punct(b'-' | b'+')) && number.kind == TokenKind::Number => {
            return true;
        }
        [word, rest @ ..] if word.kind == TokenKind::Word && !rest.is_empty() => {
            let name = word.text(text);
            if !name.starts_with('_') && !is_one_of(name, &["DATE", "TIME", "TIMESTAMP"]) {
                return false;
            }
            rest
        }
        all => all,
    };
    match tokens {
        [] => false,
        [one] if one.kind == TokenKind::Number => true,
        [one] if one.kind == TokenKind::Word => is_one_of(one.text(text), &["NULL", "TRUE", "FALSE"]),
        many => many.iter().all(|token| token.kind == TokenKind::String),
    }
}

impl Cursor<'_> {
    /// The expression from a mark up to here.
    pub(super) fn expr_from(&self, mark: usize) -> Expr {
        Expr { span: self.span_from(mark), facts: facts(self.text, self.dialect, self.since(mark)) }
    }

    /// `(expression)`, without its parentheses.
    pub(super) fn expr_in_parens(&mut self) -> Option<Expr> {
        let inside = self.parens()?;
        Some(Expr { span: inside.span, facts: facts(self.text, self.dialect, self.inside(&inside)) })
    }

    /// CURRENT_TIMESTAMP and its synonyms, with or without digits.
    pub(super) fn now(&mut self) -> Option<Expr> {
        let mark = self.mark();
        if !self.eat_any(NOW) {
            return None;
        }
        if self.is_punct(b'(') {
            self.parens()?;
        }
        Some(self.expr_from(mark))
    }

    /// What stands behind DEFAULT.
    pub(super) fn default_value(&mut self) -> Option<DefaultValue> {
        let mark = self.mark();
        if self.is_punct(b'(') {
            let inside = self.parens()?;
            let tokens = self.inside(&inside);
            let expr = Expr { span: inside.span, facts: facts(self.text, self.dialect, tokens) };
            let now = matches!(tokens, [word, ..] if word.kind == TokenKind::Word && is_one_of(word.text(self.text), NOW))
                && expr.facts.functions.len() == 1
                && tokens.len() <= 4;
            return Some(match () {
                () if expr.facts.null => DefaultValue::Null,
                () if expr.facts.literal => DefaultValue::Literal(expr),
                () if now => DefaultValue::Now(expr),
                () => DefaultValue::Expression(expr),
            });
        }
        if let Some(now) = self.now() {
            return Some(DefaultValue::Now(now));
        }
        self.primary()?;
        let expr = self.expr_from(mark);
        Some(match () {
            () if expr.facts.null => DefaultValue::Null,
            () if expr.facts.literal => DefaultValue::Literal(expr),
            () => DefaultValue::Expression(expr),
        })
    }

    /// One operand: a literal, a call, a name, CASE .. END.
    fn primary(&mut self) -> Option<()> {
        while self.peek(0).is_some_and(|token| matches!(token.kind, TokenKind::Punct(b'-' | b'+' | b'~' | b'!')))
            || self.is("BINARY") && !self.punct_at(1, b'(')
        {
            self.bump();
        }
        if self.is_punct(b'(') {
            return self.parens().map(|_| ());
        }
        let token = self.bump()?;
        match token.kind {
            // `@v := 1` is one operand with another behind it; the loop above has no part in it.
            TokenKind::Variable if self.is_punct(b':') && self.punct_at(1, b'=') => {
                self.eat_equal();
                self.bump().map(|_| ())
            }
            TokenKind::Number | TokenKind::Variable => Some(()),
            TokenKind::String => {
                self.string();
                Some(())
            }
            TokenKind::Word | TokenKind::Quoted => self.named_primary(token),
            _ => None,
        }
    }

    fn named_primary(&mut self, first: Token) -> Option<()> {
        let name = first.text(self.text);
        if first.is_word(self.text, "CASE") {
            let mut depth = 1_usize;
            while depth > 0 {
                let token = self.bump()?;
                depth += usize::from(token.is_word(self.text, "CASE"));
                depth -= usize::from(token.is_word(self.text, "END"));
            }
            return Some(());
        }
        if is_one_of(name, &["NEXT", "PREVIOUS"]) && self.eat_all(&["VALUE", "FOR"]) {
            return self.object_name().map(|_| ());
        }
        let literal = name.starts_with('_') || is_one_of(name, &["DATE", "TIME", "TIMESTAMP"]);
        let next = self.peek(0).map(|token| token.kind);
        if first.kind == TokenKind::Word && literal && matches!(next, Some(TokenKind::String | TokenKind::Number)) {
            if self.string().is_none() {
                self.bump();
            }
            return Some(());
        }
        while self.eat_punct(b'.') {
            self.ident()?;
        }
        if self.is_punct(b'(') {
            self.parens()?;
        }
        Some(())
    }
}
