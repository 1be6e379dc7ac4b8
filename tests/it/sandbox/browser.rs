//! A browser for tests: cookies, forms, redirects up to the application's own address.

use super::bed::Bed;
use reqwest::{Client, Response, redirect::Policy};
use std::collections::HashMap;

pub(super) struct Browser {
    http: Client,
    login: String,
    cookie: Option<String>,
    /// Of the form on the page: where it goes, and its hidden fields.
    action: String,
    hidden: Vec<(String, String)>,
    pub(super) status: u16,
    pub(super) html: String,
    /// Where the page sent the browser, if that is the application.
    pub(super) left_for: Option<String>,
}

impl Browser {
    pub(super) fn new(bed: &Bed) -> Self {
        let http = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .build()
            .unwrap();
        Self {
            http,
            login: bed.login.clone(),
            cookie: None,
            action: String::new(),
            hidden: Vec::new(),
            status: 0,
            html: String::new(),
            left_for: None,
        }
    }

    pub(super) async fn open(&mut self, url: &str) {
        let request = self.http.get(url);
        self.go(request).await;
    }

    /// Submits the form on the page with these fields beside its hidden ones.
    pub(super) async fn send(&mut self, fields: &[(&str, &str)]) {
        assert!(!self.action.is_empty(), "no form on {}", self.html);
        let mut all = self.hidden.clone();
        all.extend(
            fields
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned())),
        );
        let request = self.http.post(&self.action).form(&all);
        self.go(request).await;
    }

    pub(super) async fn press(&mut self, action: &str) {
        let button = format!("value=\"{action}\"");
        assert!(self.sees(&button), "no {action} on {}", self.html);
        self.send(&[("action", action)]).await;
    }

    /// Picks an account and types the password that everybody has.
    pub(super) async fn sign_in(&mut self, user: &str) {
        self.send(&[("login", user)]).await;
        self.send(&[("password", "sandbox"), ("action", "password")])
            .await;
    }

    pub(super) fn sees(&self, text: &str) -> bool {
        self.html.contains(text)
    }

    /// What the application was told, by query or fragment.
    pub(super) fn answer(&self) -> HashMap<String, String> {
        let to = self
            .left_for
            .as_ref()
            .unwrap_or_else(|| panic!("still on {}", self.html));
        let (_, pairs) = to.split_once(['?', '#']).expect("no parameters");
        url::form_urlencoded::parse(pairs.as_bytes())
            .into_owned()
            .collect()
    }

    /// The hidden fields of the page.
    pub(super) fn fields(&self) -> HashMap<String, String> {
        self.hidden.iter().cloned().collect()
    }

    async fn go(&mut self, request: reqwest::RequestBuilder) {
        let request = match &self.cookie {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        };
        let response = request.send().await.unwrap();
        self.take(response).await;
    }

    async fn take(&mut self, response: Response) {
        self.status = response.status().as_u16();
        let header = |name: &str| {
            let value = response.headers().get(name)?;
            Some(value.to_str().unwrap().to_owned())
        };
        if let Some(cookie) = header("set-cookie") {
            self.cookie = cookie.split(';').next().map(str::to_owned);
        }
        self.left_for = header("location");
        self.html = response.text().await.unwrap();
        self.action = attribute(&self.html, "<form", "action").map_or_else(String::new, |action| {
            if action.starts_with('/') {
                format!("{}{action}", self.login)
            } else {
                action
            }
        });
        let inputs = self.html.split("<input").skip(1);
        let hidden = inputs.filter(|i| i.contains("type=\"hidden\""));
        self.hidden = hidden
            .map(|input| {
                let value = |name| attribute(input, "", name).unwrap();
                (value("name"), value("value"))
            })
            .collect();
    }
}

fn attribute(html: &str, after: &str, name: &str) -> Option<String> {
    let from = html.split_once(after).map_or(html, |(_, rest)| rest);
    if !html.contains(after) {
        return None;
    }
    let (_, rest) = from.split_once(&format!("{name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    Some(
        value
            .replace("&quot;", "\"")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&"),
    )
}
