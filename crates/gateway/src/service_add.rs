//! `gateway service-add`: one more MCP server in a deployment. Its name in `MCP_SERVICES` is what
//! tokens, discovery documents and its guard come from; its own file says where it is; a smoke test
//! tells whether it works. What a person has edited is never written again.

mod files;
mod taken;

use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use token_core::{ServiceName, Services};
use url::Url;

use crate::disk;
use crate::env_file::EnvFile;
use crate::keys_command::say;
use files::Server;

/// How the first of the compose files is called.
const COMPOSE: &str = "docker-compose.yml";

#[derive(Args)]
pub(crate) struct ServiceAdd {
    /// Its name, which is its host too: `https://NAME.BASE_DOMAIN/mcp`
    name: ServiceName,
    /// Where it is: the URL of a server that runs (http://host:port, without a path), or an image
    /// with a version, of which a container is run
    #[arg(value_name = "URL|IMAGE")]
    target: String,
    /// The port on which the image listens
    #[arg(long)]
    port: Option<u16>,
    /// Let the container reach the internet
    #[arg(long)]
    internet: bool,
    /// The directory of the deployment
    #[arg(long, value_name = "DIR", default_value = ".")]
    directory: PathBuf,
    /// Only show what would be written
    #[arg(long)]
    dry_run: bool,
    /// The container's command, where the image's own is not the right one
    #[arg(last = true)]
    command: Vec<String>,
}

pub(crate) fn run(arguments: &ServiceAdd) -> Result<(), Box<dyn Error>> {
    let directory = &arguments.directory;
    let compose = fs::read_to_string(directory.join(COMPOSE)).map_err(|error| {
        format!(
            "{} cannot be read ({error}): run this where the deployment is, or name its --directory",
            directory.join(COMPOSE).display()
        )
    })?;
    let mut env = EnvFile::read(directory)?
        .ok_or("there is no .env yet: `just setup` makes it, or `cp .env.example .env`")?;
    must_be_free(&arguments.name, &compose)?;
    let server = server(arguments)?;
    let written = server.files(&arguments.name);

    let services = env
        .get("MCP_SERVICES")
        .unwrap_or_else(|| "fetch".to_owned());
    let domain = env
        .get("BASE_DOMAIN")
        .ok_or("BASE_DOMAIN is not set in .env")?;
    let services = with_service(&services, &arguments.name, &domain, directory)?;
    env.set("MCP_SERVICES", &services)?;
    if let Some(own) = server.compose_file(&arguments.name) {
        let files = with_file(env.get("COMPOSE_FILE"), &own, directory);
        env.set("COMPOSE_FILE", &files)?;
    }

    for file in &written {
        write(directory, file, arguments.dry_run)?;
    }
    write_env(&env, arguments.dry_run)?;
    if !arguments.dry_run {
        say(&format!(
            "Point the name {name}.{domain} at this machine, then: just up && services/{name}.test",
            name = arguments.name
        ))?;
    }
    Ok(())
}

/// One text file of a deployment.
struct Written {
    path: String,
    text: String,
    mode: u32,
}

/// What a container or a network of the deployment is called would become part of it.
fn must_be_free(name: &ServiceName, compose: &str) -> Result<(), String> {
    let key = format!("  {name}:");
    let is_taken = |line: &str| {
        line.strip_prefix(&key)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    if name.as_str() == "auth" || compose.lines().any(is_taken) {
        return Err(format!(
            "{name} is what a part of the gateway itself is called: give the service another name"
        ));
    }
    Ok(())
}

fn server(arguments: &ServiceAdd) -> Result<Server, String> {
    let target = &arguments.target;
    if !target.contains("://") {
        let port = arguments
            .port
            .ok_or("say on which --port the image listens")?;
        let version = target.rsplit('/').next().unwrap_or_default();
        if !version.contains([':', '@']) || target.contains(|c: char| c.is_whitespace() || c == '"')
        {
            return Err(format!(
                "{target} names no version: write IMAGE:VERSION, so that it is the same tomorrow"
            ));
        }
        return Ok(Server::Image {
            image: target.clone(),
            port,
            internet: arguments.internet,
            command: arguments.command.clone(),
        });
    }
    let url = Url::parse(target).map_err(|error| format!("{target}: {error}"))?;
    let is_bare = url.path() == "/"
        && url.query().is_none()
        && url.username().is_empty()
        && url.fragment().is_none();
    if !matches!(url.scheme(), "http" | "https") || !is_bare {
        return Err(format!(
            "{target}: write http://HOST:PORT alone; requests to /mcp go to /mcp there"
        ));
    }
    if arguments.port.is_some() || arguments.internet || !arguments.command.is_empty() {
        return Err("--port, --internet and a command are for an image".to_owned());
    }
    Ok(Server::Elsewhere {
        url: url.origin().ascii_serialization(),
    })
}

/// The list with the service in it, unless it is there already.
fn with_service(
    list: &str,
    name: &ServiceName,
    domain: &str,
    directory: &Path,
) -> Result<String, Box<dyn Error>> {
    let complaint = |error| format!("MCP_SERVICES: {error}");
    let services = Services::parse(list, domain).map_err(complaint)?;
    if services.resource(name.as_str()).is_some() {
        return Ok(list.to_owned());
    }
    if let Some(own) = taken::clash(name, &services, directory)? {
        return Err(format!(
            "{name} would need the name {own}, which a router or a service in traefik/dynamic \
             has: give the service another name"
        )
        .into());
    }
    let list = format!("{list},{name}");
    Services::parse(&list, domain).map_err(complaint)?;
    Ok(list)
}

/// `COMPOSE_FILE` with one more file. Once it is set, Compose looks for no override by itself.
fn with_file(files: Option<String>, own: &str, directory: &Path) -> String {
    let files = files.unwrap_or_else(|| {
        let mut files = COMPOSE.to_owned();
        for usual in [
            "docker-compose.override.yml",
            "docker-compose.override.yaml",
        ] {
            if directory.join(usual).exists() {
                files = format!("{files}:{usual}");
            }
        }
        files
    });
    if files.split(':').any(|file| file == own) {
        return files;
    }
    format!("{files}:{own}")
}

fn write(directory: &Path, file: &Written, dry_run: bool) -> Result<(), Box<dyn Error>> {
    let path = directory.join(&file.path);
    match fs::read_to_string(&path) {
        Ok(text) if text == file.text => say(&format!("{}: is there", file.path))?,
        Ok(_) => say(&format!(
            "{}: is there, and left as somebody made it",
            file.path
        ))?,
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        Err(_) if dry_run => say(&format!("{}: would be made:\n\n{}", file.path, file.text))?,
        Err(_) => {
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            disk::replace(&path, &file.text, file.mode)?;
            say(&format!("{}: made", file.path))?;
        }
    }
    Ok(())
}

/// Of `.env` nothing is shown but these two lines.
fn write_env(env: &EnvFile, dry_run: bool) -> Result<(), Box<dyn Error>> {
    if !env.is_changed() {
        say(".env: names it")?;
        return Ok(());
    }
    for name in ["MCP_SERVICES", "COMPOSE_FILE"] {
        if let Some(value) = env.get(name) {
            let would = if dry_run { "would be: " } else { "" };
            say(&format!(".env: {would}{name}={value}"))?;
        }
    }
    if !dry_run {
        env.write()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_the_gateway_itself_is_refused() {
        let compose = "services:\n  redis:\n    image: x\nnetworks:\n  data: {internal: true}\n";
        for (name, free) in [
            ("redis", false),
            ("data", false),
            ("auth", false),
            ("red", true),
            ("notes", true),
        ] {
            let name = ServiceName::parse(name).unwrap();
            assert_eq!(must_be_free(&name, compose).is_ok(), free, "{name}");
        }
    }

    #[test]
    fn lists_grow_once() {
        let name = ServiceName::parse("notes").unwrap();
        let domain = "example.com";
        let nowhere = Path::new("/nowhere");
        let list = with_service("fetch", &name, domain, nowhere).unwrap();
        assert_eq!(list, "fetch,notes");
        assert_eq!(with_service(&list, &name, domain, nowhere).unwrap(), list);
        assert!(with_service("a=https://notes.example.com/mcp", &name, domain, nowhere).is_err());

        let files = with_file(None, "services/notes.yml", nowhere);
        assert_eq!(files, "docker-compose.yml:services/notes.yml");
        assert_eq!(
            with_file(Some(files.clone()), "services/notes.yml", nowhere),
            files
        );
    }
}
