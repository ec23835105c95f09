//! The prompt `fetch`, as `mcp-server-fetch` has it: a person chooses a page, and the model is
//! handed it whole. A failure is the prompt's text, for the person to read.

use http::request::Parts;
use rmcp::handler::server::tool::Extension;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{GetPromptResult, PromptMessage, Role};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, prompt, prompt_router};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::arguments::{FetchRequest, MAX_LENGTH, Span};
use crate::reader::View;
use crate::server::{FetchServer, Wisher};

/// What the person fills in.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct PromptArguments {
    /// URL to fetch
    url: String,
}

#[prompt_router(vis = "pub(crate)")]
impl FetchServer {
    /// Fetches a URL for a person.
    #[prompt(
        name = "fetch",
        title = "Fetch a web page",
        description = "Fetch a URL and extract its contents as markdown"
    )]
    async fn fetch_prompt(
        &self,
        Parameters(PromptArguments { url }): Parameters<PromptArguments>,
        Extension(parts): Extension<Parts>,
        context: RequestContext<RoleServer>,
    ) -> GetPromptResult {
        let request = FetchRequest {
            url: url.clone(),
            view: View::default(),
            span: Span {
                start: 0,
                length: MAX_LENGTH,
            },
        };
        let (text, description) = match self.answer(request, Wisher::Person, &parts, &context).await
        {
            Ok(answer) => (answer.text, format!("Contents of {url}")),
            Err(error) => (error.to_string(), format!("Failed to fetch {url}")),
        };
        GetPromptResult::new(vec![PromptMessage::new_text(Role::User, text)])
            .with_description(description)
    }
}
