//! What is written for a server: where it is, and how to find out whether it works.

use token_core::ServiceName;

use super::Written;

/// An MCP server, as its operator has it.
pub(super) enum Server {
    /// A container of the deployment.
    Image {
        image: String,
        port: u16,
        internet: bool,
        command: Vec<String>,
    },
    /// One that runs somewhere already.
    Elsewhere { url: String },
}

impl Server {
    pub(super) fn files(&self, name: &ServiceName) -> [Written; 2] {
        [self.own(name), smoke_test(name)]
    }

    /// The compose file that Compose has to be told of.
    pub(super) fn compose_file(&self, name: &ServiceName) -> Option<String> {
        matches!(self, Self::Image { .. }).then(|| format!("services/{name}.yml"))
    }

    fn own(&self, name: &ServiceName) -> Written {
        let (path, text) = match self {
            Self::Image {
                image,
                port,
                internet,
                command,
            } => (
                format!("services/{name}.yml"),
                container(name, image, *port, *internet, command),
            ),
            Self::Elsewhere { url } => (
                format!("traefik/dynamic/service-{name}.yml"),
                elsewhere(name, url),
            ),
        };
        Written {
            path,
            text,
            mode: 0o644,
        }
    }
}

fn container(
    name: &ServiceName,
    image: &str,
    port: u16,
    internet: bool,
    command: &[String],
) -> String {
    // JSON is YAML, with every character that means something quoted. Compose fills in variables.
    let words = serde_json::json!(command).to_string().replace('$', "$$");
    let command = if command.is_empty() {
        String::new()
    } else {
        format!("    command: {words}\n")
    };
    let network = if internet { "{}" } else { "{internal: true}" };
    let image = image.replace('$', "$$");
    format!(
        r#"# The MCP server {name}, by `gateway service-add`. It is yours to edit: it is not
# written again. docs/protect-your-own-server.md explains each line.
services:
  traefik:
    networks: [{name}]

  {name}:
    image: {image}
{command}    restart: unless-stopped
    read_only: true
    tmpfs: [/tmp]
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    logging: {{driver: json-file, options: {{max-size: "10m", max-file: "3", labels: "service,security"}}}}
    networks: [{name}]
    labels:
      service: {name}
      security: mcp
      traefik.enable: "true"
      traefik.http.services.{name}.loadbalancer.server.port: "{port}"
      traefik.http.routers.{name}.rule: "Host(`{name}.${{BASE_DOMAIN}}`) && (Path(`/mcp`) || PathPrefix(`/mcp/`))"
      traefik.http.routers.{name}.priority: "10"
      traefik.http.routers.{name}.middlewares: "protect-{name}@file"

networks:
  {name}: {network}
"#
    )
}

fn elsewhere(name: &ServiceName, url: &str) -> String {
    format!(
        r#"# The MCP server {name}, by `gateway service-add`. It is yours to edit: it is not
# written again. Traefik reads it at start. Whoever can reach the server at its own
# address needs no token there: let nobody but Traefik do so.
http:
  services:
    {name}:
      loadBalancer:
        servers: [{{url: "{url}"}}]
        # It is asked by its own name.
        passHostHeader: false
  routers:
    {name}:
      rule: Host(`{name}.{{{{ env "BASE_DOMAIN" }}}}`) && (Path(`/mcp`) || PathPrefix(`/mcp/`))
      priority: 10
      middlewares: [protect-{name}]
      service: {name}
"#
    )
}

fn smoke_test(name: &ServiceName) -> Written {
    Written {
        path: format!("services/{name}.test"),
        text: SMOKE_TEST.replace("@NAME@", name.as_str()),
        mode: 0o755,
    }
}

const SMOKE_TEST: &str = include_str!("smoke-test.sh");
