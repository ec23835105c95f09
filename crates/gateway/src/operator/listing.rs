//! What there is, as tables or as JSON: one object a line, as it is found.

use std::error::Error;
use std::io::{self, IsTerminal as _};

use clap::Args;
use serde::Serialize;
use token_core::store::{Registration, Session, StoreError, TokenRecord};
use token_core::{ClaimedName, ClientId, Timestamp, UserId, Username};

use super::last_use::LastUses;
use super::mint;
use super::output::{Output, number_of, remark};
use super::selection::{Filters, Selection};
use super::system::System;
use super::table::{Cell, Table, column, short, time};
use super::walk::{Listed, Walk};

/// How a listing is shown.
#[derive(Args, Debug, Clone, Copy)]
pub(crate) struct Format {
    /// One JSON object on each line; times are seconds since 1970
    #[arg(long)]
    pub(crate) json: bool,
    /// Identifiers in full, as the other commands take them
    #[arg(long)]
    pub(crate) full: bool,
}

impl Format {
    fn id(self, id: &str) -> String {
        short(id, self.full)
    }

    /// A column of identifiers of this many characters.
    fn width(self, whole: usize) -> usize {
        if self.full { whole } else { 11 }
    }
}

/// Lists what the filters leave.
pub(crate) async fn list<T: Shown>(
    system: &System,
    filters: &Filters,
    format: Format,
) -> Result<(), Box<dyn Error>> {
    let selection = filters.look_up(system).await?;
    let mut output = Output::new();
    let count = show::<T>(system, &selection, format, &mut output).await?;
    output.flush()?;
    if !format.json {
        remark(&number_of(count, T::THING))?;
    }
    Ok(())
}

/// Everything, one table below the other.
pub(crate) async fn show_all(
    system: &System,
    filters: &Filters,
    format: Format,
) -> Result<(), Box<dyn Error>> {
    let selection = filters.look_up(system).await?;
    let mut output = Output::new();
    let mut clients = 0;
    // A registration is nobody's, and for every service.
    if selection.people.is_none() && selection.resource.is_none() {
        clients = show::<Registration>(system, &selection, format, &mut output).await?;
        space(&mut output, format)?;
    }
    let sessions = show::<Session>(system, &selection, format, &mut output).await?;
    space(&mut output, format)?;
    let tokens = show::<Tokens>(system, &selection, format, &mut output).await?;
    output.flush()?;
    if !format.json {
        let clients = number_of(clients, Registration::THING);
        let sessions = number_of(sessions, Session::THING);
        remark(&format!(
            "{clients}, {sessions}, {}",
            number_of(tokens, Tokens::THING)
        ))?;
    }
    Ok(())
}

fn space(output: &mut Output, format: Format) -> io::Result<()> {
    if format.json { Ok(()) } else { output.line("") }
}

async fn show<T: Shown>(
    system: &System,
    selection: &Selection,
    format: Format,
    output: &mut Output,
) -> Result<u64, Box<dyn Error>> {
    let mut walk = Walk::<T::Found>::begin(system).await?.of(selection);
    if io::stdout().is_terminal() {
        walk = walk.quietly();
    }
    let table = T::table(format, system.now());
    if !format.json {
        T::head(&table, output)?;
    }
    let mut count = 0;
    while let Some(batch) = walk.next().await? {
        let used = T::last_uses(system, &batch).await?;
        let how = How {
            system,
            format,
            used: &used,
        };
        for found in &batch {
            count += if format.json {
                T::json(found, &how, output)?
            } else {
                T::rows(found, &table, &how, output)?
            };
        }
        // A person sees what was found so far.
        if io::stdout().is_terminal() {
            output.flush()?;
        }
    }
    Ok(count)
}

/// By what and how something is shown.
pub(crate) struct How<'a> {
    system: &'a System,
    format: Format,
    used: &'a LastUses,
}

/// What can be listed.
pub(crate) trait Shown {
    /// What the store gives of it.
    type Found: Listed;
    type Table;
    const THING: &'static str;

    fn table(format: Format, now: Timestamp) -> Self::Table;
    fn head(table: &Self::Table, output: &mut Output) -> io::Result<()>;
    /// When they were last used, as far as that is kept of such things.
    fn last_uses(
        _: &System,
        _: &[Self::Found],
    ) -> impl Future<Output = Result<LastUses, StoreError>> {
        async { Ok(LastUses::default()) }
    }
    /// Writes rows; how many.
    fn rows(
        found: &Self::Found,
        table: &Self::Table,
        how: &How<'_>,
        output: &mut Output,
    ) -> io::Result<u64>;
    /// Writes lines; how many.
    fn json(found: &Self::Found, how: &How<'_>, output: &mut Output) -> io::Result<u64>;
}

impl Shown for Registration {
    type Found = Self;
    type Table = Table<5>;
    const THING: &'static str = "registered client";

    fn table(format: Format, now: Timestamp) -> Table<5> {
        let columns = [
            column("CLIENT", format.width(43), format.width(43)),
            column("NAME (ITS OWN WORDS)", 12, 34),
            column("RETURNS TO", 10, 34),
            time("REGISTERED"),
            time("FORGOTTEN"),
        ];
        Table::new(columns, now)
    }

    fn head(table: &Table<5>, output: &mut Output) -> io::Result<()> {
        table.head(output)
    }

    fn rows(found: &Self, table: &Table<5>, how: &How<'_>, output: &mut Output) -> io::Result<u64> {
        let name = ClaimedName::new(found.client_name.as_deref());
        let first = found.redirect_uris.first();
        let forgotten = match found.expires_at {
            _ if !found.used => Cell::Nothing("never used"),
            Some(at) => Cell::Time(at),
            None => Cell::Nothing("never"),
        };
        let cells = [
            Cell::Text(how.format.id(found.client_id.as_str())),
            Cell::text(&name),
            first.map_or(Cell::Nothing("-"), Cell::text),
            Cell::Time(found.issued_at),
            forgotten,
        ];
        table.row(output, &cells)?;
        Ok(1)
    }

    fn json(found: &Self, _: &How<'_>, output: &mut Output) -> io::Result<u64> {
        #[derive(Serialize)]
        struct Line<'a> {
            kind: &'static str,
            #[serde(flatten)]
            registration: &'a Registration,
        }
        output.json(&Line {
            kind: "registration",
            registration: found,
        })?;
        Ok(1)
    }
}

impl Shown for Session {
    type Found = Self;
    type Table = Table<8>;
    const THING: &'static str = "session";

    fn table(format: Format, now: Timestamp) -> Table<8> {
        let columns = [
            column("SESSION", format.width(22), format.width(22)),
            column("WHO", 12, 30),
            column("CLIENT", format.width(43), format.width(43).max(26)),
            column("SERVICE", 8, 14),
            column("TOKENS", 6, 6),
            time("RENEWED"),
            time("LAST USED"),
            time("ENDS"),
        ];
        Table::new(columns, now)
    }

    fn head(table: &Table<8>, output: &mut Output) -> io::Result<()> {
        table.head(output)
    }

    async fn last_uses(system: &System, found: &[Session]) -> Result<LastUses, StoreError> {
        LastUses::of(system.store.as_ref(), found).await
    }

    fn rows(
        found: &Self,
        table: &Table<8>,
        &How {
            system,
            format,
            used,
        }: &How<'_>,
        output: &mut Output,
    ) -> io::Result<u64> {
        let cells = [
            Cell::Text(format.id(found.grant.as_str())),
            who(&found.username, &found.user_id),
            client(&found.client_id, format),
            Cell::text(system.service(&found.resource)),
            Cell::Text(format!("{:>6}", found.tokens.len())),
            // Nothing tells but an access token when the session was renewed.
            found.renewed_at().map_or(Cell::Nothing("-"), Cell::Time),
            last_use(used.session(&found.grant)),
            found.ends_at().map_or(Cell::Nothing("-"), Cell::Time),
        ];
        table.row(output, &cells)?;
        Ok(1)
    }

    fn json(found: &Self, how: &How<'_>, output: &mut Output) -> io::Result<u64> {
        output.json(&Line {
            kind: "session",
            service: how.system.service(&found.resource),
            last_used: how.used.session(&found.grant),
            record: found,
        })?;
        Ok(1)
    }
}

/// The access tokens of sessions.
pub(crate) struct Tokens;

impl Shown for Tokens {
    type Found = Session;
    type Table = Table<7>;
    const THING: &'static str = "access token";

    fn table(format: Format, now: Timestamp) -> Table<7> {
        let token = if format.full { 45 } else { 18 };
        let columns = [
            column("TOKEN", token, token),
            column("WHO", 12, 30),
            column("CLIENT", format.width(43), format.width(43).max(26)),
            column("SERVICE", 8, 14),
            time("ISSUED"),
            time("LAST USED"),
            time("EXPIRES"),
        ];
        Table::new(columns, now)
    }

    fn head(table: &Table<7>, output: &mut Output) -> io::Result<()> {
        table.head(output)
    }

    async fn last_uses(system: &System, found: &[Session]) -> Result<LastUses, StoreError> {
        LastUses::of(system.store.as_ref(), found).await
    }

    fn rows(
        found: &Session,
        table: &Table<7>,
        &How {
            system,
            format,
            used,
        }: &How<'_>,
        output: &mut Output,
    ) -> io::Result<u64> {
        for token in &found.tokens {
            let cells = [
                Cell::Text(token_id(token, format)),
                who(&token.username, &token.user_id),
                client(&token.client_id, format),
                Cell::text(system.service(&token.resource)),
                Cell::Time(token.issued_at),
                last_use(used.token(&token.jti)),
                Cell::Time(token.expires_at),
            ];
            table.row(output, &cells)?;
        }
        Ok(found.tokens.len() as u64)
    }

    fn json(found: &Session, how: &How<'_>, output: &mut Output) -> io::Result<u64> {
        for token in &found.tokens {
            output.json(&Line {
                kind: "access_token",
                service: how.system.service(&token.resource),
                last_used: how.used.token(&token.jti),
                record: token,
            })?;
        }
        Ok(found.tokens.len() as u64)
    }
}

/// A session or a token in JSON.
#[derive(Serialize)]
struct Line<'a, R> {
    kind: &'static str,
    service: &'a str,
    last_used: Option<Timestamp>,
    #[serde(flatten)]
    record: &'a R,
}

/// The session's identifier, and some of what tells its tokens apart.
fn token_id(token: &TokenRecord, format: Format) -> String {
    if format.full {
        return token.jti.to_string();
    }
    let rest: String = token.jti.rest().chars().take(5).collect();
    format!("{}.{rest}…", format.id(token.jti.grant().as_str()))
}

/// To the minute.
fn last_use(at: Option<Timestamp>) -> Cell {
    at.map_or(Cell::Nothing("-"), Cell::Time)
}

/// Login and identifier; a machine is its client.
fn who(username: &Username, user_id: &UserId) -> Cell {
    if user_id.as_str().starts_with("client|") {
        Cell::Dim("(itself)".to_owned())
    } else {
        Cell::Pair(username.to_string(), user_id.to_string())
    }
}

/// An address and a name as far as there is room; what is random by its first characters.
fn client(client_id: &ClientId, format: Format) -> Cell {
    let id = client_id.as_str();
    match id.strip_prefix("https://") {
        Some(address) if !format.full => Cell::text(address),
        None if id.starts_with(mint::PREFIX) => Cell::text(id),
        _ => Cell::Text(format.id(id)),
    }
}
