//! What there is, for the operator. Each batch is one step of a `SCAN`, which holds nobody up for
//! long and finds every key that is there from its first step to its last, and one further round
//! trip or two. One way for every question, so the indexes are not asked.

use ::redis::{Cmd, FromRedisValue, Pipeline, cmd, pipe};
use async_trait::async_trait;
use token_core::store::{
    Approval, Batch, CodeRecord, Cursor, Expired, Grant, Inspection, Kind, RefreshRecord,
    Registration, Session, StoreError, TokenRecord, Unreadable,
};
use token_core::{GrantId, Timestamp};

use super::clients::{Fields, client_of, fields_of};
use super::store::RedisStore;
use super::value::{Damaged, decode, parse, parse_mark, seconds, unexpected, words};
use super::{keys, scripts};

/// How many keys a step looks at. Redis is busy with them for less than a millisecond.
pub(super) const STEP: u64 = 1000;

#[async_trait]
impl Inspection for RedisStore {
    async fn extent(&self, kind: Kind) -> Result<u64, StoreError> {
        match kind {
            Kind::Clients => self.command(&Cmd::zcard(keys::clients())).await,
            Kind::Sessions | Kind::Approvals | Kind::Expired => self.command(&cmd("DBSIZE")).await,
        }
    }

    async fn registrations(
        &self,
        from: Option<&Cursor>,
        now: Timestamp,
    ) -> Result<Batch<Registration>, StoreError> {
        let mut step = cmd("ZSCAN");
        step.arg(keys::clients())
            .arg(position(from))
            .arg("COUNT")
            .arg(STEP);
        let (next, found): (String, Vec<(String, String)>) = self.command(&step).await?;
        let mut questions = pipe();
        for (key, _) in &found {
            questions.add_command(fields_of(key));
        }
        let fields: Vec<Fields> = self.ask(&questions).await?;
        let (mut items, mut unreadable) = (Vec::new(), Vec::new());
        for fields in fields {
            match client_of(fields) {
                Ok(client) => {
                    let living = client.filter(|client| !client.is_expired(now));
                    items.extend(living.and_then(Registration::of));
                }
                Err(_) => unreadable.push(Unreadable { grant: None }),
            }
        }
        Ok(Batch {
            looked_at: found.len() as u64,
            items,
            unreadable,
            next: cursor(next),
        })
    }

    async fn sessions(
        &self,
        from: Option<&Cursor>,
        now: Timestamp,
    ) -> Result<Batch<Session>, StoreError> {
        let (next, grants) = self.scan(from, "oauth:grant:*").await?;
        let (items, unreadable) = self.sessions_of(&grants, now).await?;
        Ok(Batch {
            items,
            unreadable,
            next,
            looked_at: STEP,
        })
    }

    async fn session(
        &self,
        grant: &GrantId,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        let (found, unreadable) = self.sessions_of(&[keys::members(grant)], now).await?;
        match found.into_iter().next() {
            None if !unreadable.is_empty() => Err(StoreError::Corrupt(Damaged.into())),
            found => Ok(found),
        }
    }

    async fn approvals(
        &self,
        from: Option<&Cursor>,
        now: Timestamp,
    ) -> Result<Batch<Approval>, StoreError> {
        // Those of `oauth:code:` and of `oauth:device:` in one walk.
        let (next, found) = self.scan(from, "oauth:[cd][oe][dv]*").await?;
        let (codes, others): (Vec<_>, Vec<_>) = found
            .into_iter()
            .partition(|key| key.starts_with("oauth:code:"));
        let devices = others.iter().filter(|key| key.starts_with("oauth:device:"));

        let mut questions = pipe();
        for code in &codes {
            questions.get(code);
        }
        let values: Vec<Option<String>> = self.ask(&questions).await?;
        let mut questions = pipe();
        for device in devices {
            questions
                .cmd("HMGET")
                .arg(device)
                .arg(&["expires", "decision", "grant"]);
        }
        let devices: Vec<Decided> = self.ask(&questions).await?;

        let (mut items, mut unreadable) = (Vec::new(), Vec::new());
        for (key, value) in codes.iter().zip(values) {
            match value.as_deref().map_or(Ok(None), approved_code) {
                Ok(approval) => items.extend(approval),
                Err(_) => unreadable.push(Unreadable {
                    grant: keys::grant_of(key),
                }),
            }
        }
        for device in devices {
            match approved_device(device) {
                Ok(approval) => items.extend(approval),
                Err(_) => unreadable.push(Unreadable { grant: None }),
            }
        }
        items.retain(|approval| !approval.expires_at.has_passed(now));
        Ok(Batch {
            items: self.without_ended(items, now).await?,
            unreadable,
            next,
            looked_at: STEP,
        })
    }

    async fn expired(
        &self,
        from: Option<&Cursor>,
        clear: bool,
        now: Timestamp,
    ) -> Result<Batch<Expired>, StoreError> {
        let mut items = Vec::new();
        if from.is_none() {
            let count = self.expired_clients(clear, now).await?;
            items.push(Expired {
                what: "client",
                count,
            });
        }
        // What has a key of its own Redis drops by itself. Indexes it drops whole, at the expiry of
        // their last member.
        let (next, found) = self.scan(from, "oauth:[uc]*s:*").await?;
        let mut questions = pipe();
        let indexes: Vec<_> = found
            .into_iter()
            .filter(|key| keys::is_index(key))
            .collect();
        for index in &indexes {
            questions.zcount(index, "-inf", seconds(now));
        }
        let mut counts: Vec<u64> = self.ask(&questions).await?;
        if clear {
            for (index, count) in indexes.iter().zip(&mut counts) {
                *count = self.trimmed(index, *count, now).await?;
            }
        }
        items.push(Expired {
            what: "index entry",
            count: counts.iter().sum(),
        });
        Ok(Batch {
            items,
            unreadable: Vec::new(),
            next,
            looked_at: STEP,
        })
    }
}

type Decided = (Option<String>, Option<String>, Option<String>);

impl RedisStore {
    /// One step over all keys: those that match.
    pub(super) async fn scan(
        &self,
        from: Option<&Cursor>,
        pattern: &str,
    ) -> Result<(Option<Cursor>, Vec<String>), StoreError> {
        let mut step = cmd("SCAN");
        step.arg(position(from))
            .arg("MATCH")
            .arg(pattern)
            .arg("COUNT")
            .arg(STEP);
        let (next, found): (String, Vec<String>) = self.command(&step).await?;
        Ok((cursor(next), found))
    }

    /// The sessions of grants, by the keys of their members.
    pub(super) async fn sessions_of(
        &self,
        grants: &[String],
        now: Timestamp,
    ) -> Result<(Vec<Session>, Vec<Unreadable>), StoreError> {
        let mut questions = pipe();
        for grant in grants {
            questions.zrange(grant, 0, -1);
        }
        let families: Vec<Vec<String>> = self.ask(&questions).await?;
        let mut questions = pipe();
        for member in families.iter().flatten() {
            questions.get(member);
        }
        let values: Vec<Option<String>> = self.ask(&questions).await?;
        let mut values = values.into_iter();
        let (mut found, mut unreadable) = (Vec::new(), Vec::new());
        for family in families {
            let members = family.into_iter().zip(values.by_ref());
            found.extend(session(members, now, &mut unreadable));
        }
        Ok((found, unreadable))
    }

    /// What a pipeline answers, for any number of questions.
    pub(super) async fn ask<T: FromRedisValue>(
        &self,
        questions: &Pipeline,
    ) -> Result<Vec<T>, StoreError> {
        if questions.is_empty() {
            return Ok(Vec::new());
        }
        self.answers(questions).await
    }

    async fn without_ended(
        &self,
        approvals: Vec<Approval>,
        now: Timestamp,
    ) -> Result<Vec<Approval>, StoreError> {
        let mut questions = pipe();
        for approval in &approvals {
            questions.get(keys::ended_grant(&approval.grant.id));
        }
        let marks: Vec<Option<String>> = self.ask(&questions).await?;
        let mut open = Vec::new();
        for (approval, mark) in approvals.into_iter().zip(marks) {
            let ended = match mark {
                // An unreadable mark lets no token be issued either.
                Some(mark) => parse_mark(&mark).is_ok_and(|(until, _)| !until.has_passed(now)),
                None => false,
            };
            if !ended {
                open.push(approval);
            }
        }
        Ok(open)
    }

    async fn expired_clients(&self, clear: bool, now: Timestamp) -> Result<u64, StoreError> {
        let count = Cmd::zcount(keys::clients(), "-inf", seconds(now));
        let count = self.command(&count).await?;
        if clear {
            self.forget_expired_clients(now).await?;
        }
        Ok(count)
    }

    /// Redis has dropped the clients themselves, or will within a minute.
    async fn forget_expired_clients(&self, now: Timestamp) -> Result<(), StoreError> {
        loop {
            let mut over = cmd("ZRANGE");
            over.arg(keys::clients())
                .arg(&["-inf", &seconds(now).to_string(), "BYSCORE", "LIMIT", "0"])
                .arg(STEP);
            let over: Vec<String> = self.command(&over).await?;
            if over.is_empty() {
                return Ok(());
            }
            let mut changes = pipe();
            changes.zrem(keys::clients(), &over);
            changes.zrem(keys::unused_clients(), &over);
            self.pipeline(&changes).await?;
        }
    }

    /// Takes what is over out of an index that had so much of it, step by step; how much went.
    async fn trimmed(&self, index: &str, over: u64, now: Timestamp) -> Result<u64, StoreError> {
        let mut gone = 0;
        while gone < over {
            let mut script = scripts::TRIM.prepare_invoke();
            script.key(index).arg(seconds(now)).arg(STEP);
            match words(&self.script(&script).await?).as_slice() {
                // Somebody else was there too.
                ["0"] => break,
                [some] => gone += some.parse::<u64>().map_err(|_| unexpected())?,
                _ => return Err(unexpected()),
            }
        }
        Ok(gone)
    }
}

fn position(from: Option<&Cursor>) -> &str {
    from.map_or("0", Cursor::as_str)
}

/// Redis begins and ends with 0.
fn cursor(next: String) -> Option<Cursor> {
    Some(next).filter(|next| next != "0").map(Cursor::new)
}

/// The session of the members of one grant, if any of them is good.
fn session(
    members: impl Iterator<Item = (String, Option<String>)>,
    now: Timestamp,
    unreadable: &mut Vec<Unreadable>,
) -> Option<Session> {
    let (mut tokens, mut refresh): (Vec<TokenRecord>, Option<(Grant, Timestamp)>) =
        (Vec::new(), None);
    for (key, value) in members {
        let Some(value) = value else { continue };
        match member(&key, &value, now) {
            Ok(Some(Member::Token(token))) => tokens.push(*token),
            Ok(Some(Member::Refresh(grant, until))) => {
                if refresh.as_ref().is_none_or(|(_, last)| *last < until) {
                    refresh = Some((*grant, until));
                }
            }
            Ok(None) => {}
            Err(_) => unreadable.push(Unreadable {
                grant: keys::grant_of(&key),
            }),
        }
    }
    Session::of(tokens, refresh)
}

/// What belongs to a session and is good.
enum Member {
    Token(Box<TokenRecord>),
    Refresh(Box<Grant>, Timestamp),
}

fn member(key: &str, value: &str, now: Timestamp) -> Result<Option<Member>, StoreError> {
    let is_token = key.starts_with("oauth:token:");
    if !is_token && !key.starts_with("oauth:refresh:") {
        return Ok(None);
    }
    let (expires_at, state, record) = parse(value)?;
    if expires_at.has_passed(now) || state != "live" {
        return Ok(None);
    }
    if is_token {
        return Ok(Some(Member::Token(decode(record)?)));
    }
    let record: RefreshRecord = decode(record)?;
    Ok(Some(Member::Refresh(record.grant.into(), expires_at)))
}

fn approved_code(value: &str) -> Result<Option<Approval>, StoreError> {
    // Earlier versions kept no record of a used code.
    if parse_mark(value)?.1 != "live" && value.splitn(3, ' ').count() < 3 {
        return Ok(None);
    }
    let (expires_at, state, record) = parse(value)?;
    let record: CodeRecord = decode(record)?;
    Ok(Some(Approval {
        grant: record.grant,
        expires_at,
        fetched: state != "live",
    }))
}

fn approved_device(device: Decided) -> Result<Option<Approval>, StoreError> {
    let (Some(expires), Some(decision), Some(grant)) = device else {
        return Ok(None);
    };
    let fetched = match &*decision {
        "approved" => false,
        "fetched" => true,
        _ => return Ok(None),
    };
    let expires_at = match expires.parse() {
        Ok(at) => Timestamp(at),
        Err(_) => return Err(StoreError::Corrupt(Damaged.into())),
    };
    Ok(Some(Approval {
        grant: decode(&grant)?,
        expires_at,
        fetched,
    }))
}
