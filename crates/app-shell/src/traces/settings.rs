//! The settings, with the names and values of the OpenTelemetry specification.

use opentelemetry_sdk::trace::Sampler;
use reqwest::Url;

use crate::settings::Settings;

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const SERVICE_NAME: &str = "OTEL_SERVICE_NAME";
const SAMPLER: &str = "OTEL_TRACES_SAMPLER";
const SAMPLER_ARG: &str = "OTEL_TRACES_SAMPLER_ARG";

/// The settings that [`TraceSettings::from_settings`] reads.
pub const SETTINGS: [&str; 4] = [ENDPOINT, SERVICE_NAME, SAMPLER, SAMPLER_ARG];

/// Where traces go, and which of them.
#[derive(Debug)]
pub struct TraceSettings {
    /// With the signal's path.
    pub(super) endpoint: Url,
    pub(super) service_name: Option<String>,
    pub(super) sampler: Sampler,
}

impl TraceSettings {
    /// Reads the settings; none where no endpoint is set. Faults are the settings' to report.
    pub fn from_settings(settings: &mut Settings) -> Option<Self> {
        let endpoint = settings.parse_secret_with(ENDPOINT, parse_endpoint);
        let service_name = settings.text(SERVICE_NAME);
        let sampler = sampler(settings);
        Some(Self {
            endpoint: endpoint?,
            service_name,
            sampler: sampler?,
        })
    }
}

/// The base that `/v1/traces` belongs below.
fn parse_endpoint(text: &str) -> Result<Url, &'static str> {
    let wrong = "it is not an http or https URL such as http://localhost:4318";
    let mut url = Url::parse(text).map_err(|_| wrong)?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(wrong);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a user name or a password in it is not sent: take it out");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("it ends in a query or a fragment: take that off");
    }
    let path = format!("{}/v1/traces", url.path().trim_end_matches('/'));
    url.set_path(&path);
    Ok(url)
}

/// By default whatever the caller decided, and everything where nobody did.
fn sampler(settings: &mut Settings) -> Option<Sampler> {
    let ratio = settings.parse_with(SAMPLER_ARG, parse_ratio).unwrap_or(1.0);
    let name = settings.text(SAMPLER);
    let name = name.as_deref().unwrap_or("parentbased_traceidratio");
    let of_parent = |root| Sampler::ParentBased(Box::new(root));
    Some(match name {
        "always_on" => Sampler::AlwaysOn,
        "always_off" => Sampler::AlwaysOff,
        "traceidratio" => Sampler::TraceIdRatioBased(ratio),
        "parentbased_always_on" => of_parent(Sampler::AlwaysOn),
        "parentbased_always_off" => of_parent(Sampler::AlwaysOff),
        "parentbased_traceidratio" => of_parent(Sampler::TraceIdRatioBased(ratio)),
        _ => {
            settings.fault(
                SAMPLER,
                "is no sampler",
                "use always_on, always_off, traceidratio, or one of these after parentbased_",
            );
            return None;
        }
    })
}

fn parse_ratio(text: &str) -> Result<f64, &'static str> {
    let ratio = text.parse::<f64>().ok();
    let ratio = ratio.filter(|ratio| (0.0..=1.0).contains(ratio));
    ratio.ok_or("it is not a number from 0 to 1, such as 0.1 for one trace in ten")
}

#[cfg(test)]
mod tests {
    use super::{SETTINGS, TraceSettings};
    use crate::settings::Settings;

    fn read(pairs: &[(&str, &str)]) -> Result<Option<TraceSettings>, String> {
        let pairs = pairs.iter().map(|(name, value)| (*name, *value));
        let mut settings = Settings::from_pairs(&SETTINGS, pairs);
        let traces = TraceSettings::from_settings(&mut settings);
        settings
            .finish_with(|| Some(traces))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn without_an_endpoint_there_are_none() {
        assert!(read(&[]).unwrap().is_none());
        assert!(
            read(&[("OTEL_TRACES_SAMPLER", "always_on")])
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn the_path_of_traces_is_below_the_endpoint() {
        for (given, used) in [
            ("http://collector:4318", "http://collector:4318/v1/traces"),
            ("http://collector:4318/", "http://collector:4318/v1/traces"),
            (
                "https://otlp.example/base",
                "https://otlp.example/base/v1/traces",
            ),
        ] {
            let traces = read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", given)]);
            assert_eq!(traces.unwrap().unwrap().endpoint.as_str(), used);
        }
    }

    #[test]
    fn samplers_have_their_standard_names() {
        for (name, made) in [
            ("always_on", "AlwaysOn"),
            ("always_off", "AlwaysOff"),
            ("traceidratio", "TraceIdRatioBased(0.25)"),
            ("parentbased_always_on", "ParentBased"),
            ("parentbased_always_off", "ParentBased"),
            ("parentbased_traceidratio", "ParentBased"),
        ] {
            let traces = read(&[
                ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318"),
                ("OTEL_TRACES_SAMPLER", name),
                ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
            ]);
            let sampler = format!("{:?}", traces.unwrap().unwrap().sampler);
            assert!(sampler.starts_with(made), "{name}: {sampler}");
        }
    }

    #[test]
    fn a_fault_names_the_setting_and_the_mend_and_shows_no_secret() {
        for (name, value, mend) in [
            (
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                "collector:4318",
                "such as http://localhost:4318",
            ),
            (
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                "grpc://collector:4317",
                "such as http://",
            ),
            (
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                "http://me:hunter2@collector:4318",
                "take it out",
            ),
            (
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                "http://collector:4318?key=hunter2",
                "take that off",
            ),
            ("OTEL_TRACES_SAMPLER", "sometimes", "use always_on"),
            ("OTEL_TRACES_SAMPLER_ARG", "10%", "from 0 to 1"),
            ("OTEL_TRACES_SAMPLER_ARG", "NaN", "from 0 to 1"),
            ("OTEL_TRACES_SAMPLER_ARG", "2", "from 0 to 1"),
        ] {
            let error = read(&[(name, value)]).unwrap_err();
            assert!(error.contains(name) && error.contains(mend), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
