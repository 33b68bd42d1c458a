//! The server's side of MySQL's protocol, as far as ProxySQL's admin port speaks it.

use std::io::{Read, Result, Write};
use std::net::TcpStream;

/// What a query is answered with.
pub enum Answer {
    /// Changed rows and the info text.
    Ok(u64, String),
    /// Code and text.
    Error(u16, String),
    /// Columns and rows; `None` is NULL.
    Rows(Vec<String>, Vec<Vec<Option<String>>>),
    /// The connection breaks without an answer.
    Hangup,
}

pub struct Wire(TcpStream);

impl Wire {
    pub fn new(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }

    fn send(&mut self, sequence: u8, body: &[u8]) -> Result<()> {
        let mut packet = u32::try_from(body.len()).unwrap().to_le_bytes()[..3].to_vec();
        packet.push(sequence);
        packet.extend(body);
        self.0.write_all(&packet)
    }

    fn receive(&mut self) -> Result<Vec<u8>> {
        let mut head = [0; 4];
        self.0.read_exact(&mut head)?;
        let mut body = vec![0; u32::from_le_bytes([head[0], head[1], head[2], 0]) as usize];
        self.0.read_exact(&mut body)?;
        Ok(body)
    }

    /// Greets as the admin port does (protocol 10, 8.0.11, mysql_native_password, no DEPRECATE_EOF, MULTI_STATEMENTS)
    /// and gives the user who logs in.
    pub fn greet(&mut self) -> Result<String> {
        const CAPABILITIES: u32 = 0x0001 | 0x0002 | 0x0004 | 0x0008 | 0x0200 | 0x2000 | 0x8000 | 0x1_0000 | 0x8_0000;
        let mut hello = b"\x0a8.0.11\0\x01\0\0\0abcdefgh\0".to_vec();
        hello.extend(&CAPABILITIES.to_le_bytes()[..2]);
        hello.extend([33, 2, 0]);
        hello.extend(&CAPABILITIES.to_le_bytes()[2..]);
        hello.extend([21; 1]);
        hello.extend([0; 10]);
        hello.extend(b"ijklmnopqrst\0mysql_native_password\0");
        self.send(0, &hello)?;
        let login = self.receive()?;
        let user = login[32..].split(|byte| *byte == 0).next().unwrap();
        Ok(String::from_utf8_lossy(user).into_owned())
    }

    /// Ends the login.
    pub fn welcome(&mut self, refusal: Option<&str>) -> Result<()> {
        match refusal {
            None => self.send(2, &[0, 0, 0, 2, 0, 0, 0]),
            Some(text) => self.send(2, &error(1045, text)),
        }
    }

    /// The next command: its code and its text.
    pub fn command(&mut self) -> Result<(u8, String)> {
        let body = self.receive()?;
        Ok((body[0], String::from_utf8_lossy(&body[1..]).into_owned()))
    }

    /// An error with a sequence number of its own: COM_RESET_CONNECTION is answered with 2 instead of 1.
    pub fn refuse(&mut self, sequence: u8, code: u16, text: &str) -> Result<()> {
        self.send(sequence, &error(code, text))
    }

    pub fn answer(&mut self, answer: Answer) -> Result<()> {
        match answer {
            Answer::Ok(affected, info) => {
                let mut body = vec![0, u8::try_from(affected).unwrap(), 0, 2, 0, 0, 0];
                if !info.is_empty() {
                    text(&mut body, &info);
                }
                self.send(1, &body)
            }
            Answer::Error(code, message) => self.send(1, &error(code, &message)),
            Answer::Hangup => self.0.shutdown(std::net::Shutdown::Both),
            Answer::Rows(columns, rows) => {
                let mut sequence = 1;
                let mut next = |wire: &mut Self, body: &[u8]| {
                    wire.send(sequence, body)?;
                    sequence += 1;
                    Ok::<_, std::io::Error>(())
                };
                next(self, &[u8::try_from(columns.len()).unwrap()])?;
                for column in &columns {
                    let mut body = Vec::new();
                    for part in ["def", "", "", "", column, ""] {
                        text(&mut body, part);
                    }
                    // utf8, 15 bytes, VAR_STRING whatever the value is, NOT_NULL.
                    body.extend([0x0c, 0x21, 0, 0x0f, 0, 0, 0, 0xfd, 1, 0, 0x1f, 0, 0]);
                    next(self, &body)?;
                }
                next(self, &[0xfe, 0, 0, 2, 0])?;
                for row in rows {
                    let mut body = Vec::new();
                    for value in row {
                        match value {
                            Some(value) => text(&mut body, &value),
                            None => body.push(0xfb),
                        }
                    }
                    next(self, &body)?;
                }
                next(self, &[0xfe, 0, 0, 2, 0])
            }
        }
    }
}

fn error(code: u16, message: &str) -> Vec<u8> {
    let mut body = vec![0xff];
    body.extend(code.to_le_bytes());
    body.extend(b"#28000");
    body.extend(message.as_bytes());
    body
}

fn text(body: &mut Vec<u8>, text: &str) {
    match u8::try_from(text.len()) {
        Ok(length) if length < 0xfb => body.push(length),
        _ => {
            body.push(0xfc);
            body.extend(u16::try_from(text.len()).unwrap().to_le_bytes());
        }
    }
    body.extend(text.as_bytes());
}
