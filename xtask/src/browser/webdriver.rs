//! A browser that is driven over the WebDriver protocol (W3C), as far as the checks need it.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use base64::Engine as _;
use serde_json::{Value, json};

/// How long the driver may take to answer after it was started.
const PATIENCE: Duration = Duration::from_secs(20);

/// A headless Chromium with the driver that holds it. Both end with this value.
pub(super) struct Browser {
    driver: Child,
    address: String,
    session: String,
    agent: ureq::Agent,
}

impl Browser {
    /// Starts the driver and a browser.
    pub(super) fn start() -> anyhow::Result<Self> {
        let port = free_port()?;
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context(
                "chromedriver cannot be started; Debian has it in the packages chromium and chromium-driver",
            )?;
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(120)))
            .build()
            .new_agent();
        let mut browser = Self {
            driver,
            address: format!("http://127.0.0.1:{port}"),
            session: String::new(),
            agent,
        };
        browser.wait()?;
        browser.session = browser.open_session()?;
        Ok(browser)
    }

    fn wait(&self) -> anyhow::Result<()> {
        let started = Instant::now();
        while self.agent.get(format!("{}/status", self.address)).call().is_err() {
            if started.elapsed() > PATIENCE {
                bail!("chromedriver does not answer");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    fn open_session(&self) -> anyhow::Result<String> {
        let arguments = [
            "--headless=new",
            // The sandbox needs privileges that a container lacks; the pages are this project's own.
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            "--hide-scrollbars",
        ];
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        }}});
        let answer = self.post("/session", &wanted)?;
        let id = answer.get("sessionId").and_then(Value::as_str);
        id.map(str::to_owned)
            .context("chromedriver gives no session; is chromium installed?")
    }

    /// Opens a file.
    pub(super) fn open(&self, page: &Path) -> anyhow::Result<()> {
        let path = std::fs::canonicalize(page)?;
        self.command("/url", &json!({ "url": format!("file://{}", path.display()) }))
            .map(drop)
    }

    /// What a script of the checks returns. It runs beside the page's content security policy.
    pub(super) fn evaluate(&self, script: &str) -> anyhow::Result<Value> {
        self.command("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// What a script hands to the function that is its last argument.
    pub(super) fn evaluate_later(&self, script: &str) -> anyhow::Result<Value> {
        self.command("/execute/async", &json!({ "script": script, "args": [] }))
    }

    /// What the console said since it was last asked.
    pub(super) fn console(&self) -> anyhow::Result<Vec<String>> {
        let entries = self.command("/se/log", &json!({ "type": "browser" }))?;
        let entries = entries.as_array().cloned().unwrap_or_default();
        Ok(entries
            .iter()
            .filter_map(|entry| Some(entry.get("message")?.as_str()?.to_owned()))
            .collect())
    }

    /// Shows pages at a width, in a colour scheme.
    pub(super) fn show(&self, width: u32, scheme: &str) -> anyhow::Result<()> {
        let size = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", &size)?;
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", &media).map(drop)
    }

    /// A picture of the whole page, as PNG.
    pub(super) fn picture(&self) -> anyhow::Result<Vec<u8>> {
        let answer = self.devtools(
            "Page.captureScreenshot",
            &json!({ "captureBeyondViewport": true }),
        )?;
        let data = answer
            .get("data")
            .and_then(Value::as_str)
            .context("the browser gives no picture")?;
        Ok(base64::engine::general_purpose::STANDARD.decode(data)?)
    }

    fn devtools(&self, command: &str, parameters: &Value) -> anyhow::Result<Value> {
        self.command(
            "/goog/cdp/execute",
            &json!({ "cmd": command, "params": parameters }),
        )
    }

    fn command(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.post(&format!("/session/{}{path}", self.session), body)
    }

    fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let mut answer = self
            .agent
            .post(format!("{}{path}", self.address))
            .send_json(body)?;
        let status = answer.status();
        let text = answer
            .body_mut()
            .with_config()
            .limit(256 << 20)
            .read_to_string()?;
        let mut said: Value = serde_json::from_str(&text).context("chromedriver answers no JSON")?;
        let value = said.get_mut("value").map(Value::take).unwrap_or_default();
        if !status.is_success() {
            let message = value.get("message").and_then(Value::as_str).unwrap_or("nothing");
            bail!("the browser says: {}", message.lines().next().unwrap_or_default());
        }
        Ok(value)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let url = format!("{}/session/{}", self.address, self.session);
        // The driver is ended whatever comes of it.
        let _ = self.agent.delete(url).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("no port of this machine is free")?;
    Ok(listener.local_addr()?.port())
}
