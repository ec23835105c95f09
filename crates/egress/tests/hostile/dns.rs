//! A small name server (RFC 1035): A, AAAA and CNAME records from `tables/zone.txt`, answers that
//! change from question to question, and a count of the questions.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex};

use tokio::net::UdpSocket;

const A: u16 = 1;
const CNAME: u16 = 5;
const AAAA: u16 = 28;
/// Chains end here, as in any resolver.
const LONGEST_CHAIN: usize = 8;

/// What a name answers at one time.
#[derive(Clone, Debug)]
enum Record {
    Address(IpAddr),
    Alias(String),
}

/// The zone, and how often each name was asked for each type.
#[derive(Default)]
struct Zone {
    answers: HashMap<String, Vec<Vec<Record>>>,
    asked: Mutex<HashMap<(String, u16), usize>>,
}

/// A running name server on port 53 of this namespace.
#[derive(Clone)]
pub(crate) struct NameServer(Arc<Zone>);

impl NameServer {
    pub(crate) async fn start() -> Self {
        let zone = Arc::new(Zone::read(include_str!("tables/zone.txt")));
        let socket = UdpSocket::bind("127.0.0.1:53").await.unwrap();
        let serving = Arc::clone(&zone);
        tokio::spawn(async move {
            let mut question = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut question).await {
                let question = question.get(..length).unwrap();
                let answer = serving.answer(question);
                socket.send_to(&answer, from).await.unwrap();
            }
        });
        Self(zone)
    }

    /// How many times the addresses of a name were asked for.
    pub(crate) fn asked(&self, name: &str) -> usize {
        let asked = self.0.asked.lock().unwrap();
        asked.get(&(name.to_owned(), A)).copied().unwrap_or(0)
    }
}

impl Zone {
    fn read(text: &str) -> Self {
        let mut zone = Self::default();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        for line in lines.filter(|line| !line.is_empty()) {
            let (name, answers) = line.split_once(' ').unwrap_or((line, ""));
            let turns = answers.split('/').map(turn).collect();
            zone.answers.insert(name.to_owned(), turns);
        }
        zone
    }

    /// Header, question, and the answer's records.
    fn answer(&self, question: &[u8]) -> Vec<u8> {
        let (header, rest) = question.split_at(12);
        let (name, end) = read_name(rest);
        let kind = u16::from_be_bytes(*rest.get(end..end + 2).unwrap().as_array().unwrap());
        let (known, records) = self.records(&name, kind);
        let mut answer = header.get(..2).unwrap().to_vec();
        // Response, recursion desired and available; NXDOMAIN for what is not in the zone.
        answer.extend([0x81, if known { 0x80 } else { 0x83 }, 0, 1]);
        answer.extend(u16::try_from(records.len()).unwrap().to_be_bytes());
        answer.extend([0; 4]);
        answer.extend(rest.get(..end + 4).unwrap());
        for (owner, record) in records {
            let (kind, data) = match record {
                Record::Address(IpAddr::V4(v4)) => (A, v4.octets().to_vec()),
                Record::Address(IpAddr::V6(v6)) => (AAAA, v6.octets().to_vec()),
                Record::Alias(target) => (CNAME, write_name(&target)),
            };
            answer.extend(write_name(&owner));
            answer.extend(kind.to_be_bytes());
            // Class IN, and good for no time at all.
            answer.extend([0, 1, 0, 0, 0, 0]);
            answer.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
            answer.extend(data);
        }
        answer
    }

    /// The records of this type, behind the aliases that lead to them.
    fn records(&self, name: &str, kind: u16) -> (bool, Vec<(String, Record)>) {
        let mut records = Vec::new();
        let mut name = name.to_ascii_lowercase();
        for _ in 0..LONGEST_CHAIN {
            let Some(turn) = self.turn(&name, kind) else {
                return (!records.is_empty(), records);
            };
            let mut next = None;
            for record in turn {
                match &record {
                    Record::Alias(target) => next = Some(target.clone()),
                    Record::Address(address) if (kind == A) != address.is_ipv4() => continue,
                    Record::Address(_) => {}
                }
                records.push((name.clone(), record));
            }
            match next {
                Some(target) => name = target,
                None => return (true, records),
            }
        }
        (true, records)
    }

    fn turn(&self, name: &str, kind: u16) -> Option<Vec<Record>> {
        let turns = self.answers.get(name)?;
        let mut asked = self.asked.lock().unwrap();
        let turn = asked.entry((name.to_owned(), kind)).or_default();
        let answer = turns.get(*turn).or(turns.last());
        *turn += 1;
        answer.cloned()
    }
}

fn turn(text: &str) -> Vec<Record> {
    if let Some(target) = text.trim().strip_prefix("CNAME ") {
        return vec![Record::Alias(target.trim().to_owned())];
    }
    let addresses = text.split_whitespace();
    let addresses = addresses.map(|address| Record::Address(parse(address)));
    addresses.collect()
}

fn parse(address: &str) -> IpAddr {
    let v4 = address.parse::<Ipv4Addr>().map(IpAddr::V4);
    v4.unwrap_or_else(|_| address.parse::<Ipv6Addr>().unwrap().into())
}

/// A name without compression, and where it ends.
fn read_name(bytes: &[u8]) -> (String, usize) {
    let mut labels = Vec::new();
    let mut at = 0;
    loop {
        let length = usize::from(*bytes.get(at).unwrap());
        if length == 0 {
            return (labels.join("."), at + 1);
        }
        let label = bytes.get(at + 1..at + 1 + length).unwrap();
        labels.push(String::from_utf8(label.to_vec()).unwrap());
        at += 1 + length;
    }
}

fn write_name(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in name.split('.') {
        bytes.push(u8::try_from(label.len()).unwrap());
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    bytes
}
