//! A real registry for the bench: distribution's own program, on this machine, with notifications to us.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tidegate::model::{Digest, ImageRef};

/// Debian's package `docker-registry` installs it under this name.
const PROGRAM: &str = "docker-registry";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// Where the program is, when it is installed.
pub fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(PROGRAM)).find(|file| file.is_file())
}

/// The registry's process; it goes with this.
pub struct Registry {
    process: Child,
    http: reqwest::Client,
    /// Where it listens, which is also its name in images.
    pub address: SocketAddr,
}

impl Registry {
    /// Starts one that keeps everything in `dir` and tells `webhook`; returns once it answers.
    pub async fn start(program: &Path, dir: &Path, webhook: SocketAddr, token: &str) -> Self {
        let address = free_address();
        let file = dir.join("registry.yml");
        std::fs::write(&file, config(dir, address, webhook, token)).unwrap();
        let process = Command::new(program)
            .arg("serve")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(dir.join("registry.log")).unwrap())
            .spawn()
            .unwrap();
        let registry =
            Self { process, http: reqwest::Client::builder().no_proxy().build().unwrap(), address };
        registry.answers().await;
        registry
    }

    async fn answers(&self) {
        let url = format!("http://{}/v2/", self.address);
        for _ in 0..200 {
            if self.http.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the registry at {} does not answer", self.address);
    }

    /// Pushes the configuration of the `nth` image, and makes the manifest that goes with it.
    pub async fn prepare(&self, image: &ImageRef, nth: usize) -> Manifest {
        let config = format!(
            r#"{{"architecture":"amd64","os":"linux","rootfs":{{"type":"layers","diff_ids":[]}},"author":"{nth}"}}"#
        );
        let digest = Digest::of(config.as_bytes());
        let size = config.len();
        self.blob(image, &digest, config).await;
        let body = format!(
            r#"{{"schemaVersion":2,"mediaType":"{MANIFEST}","config":{{"mediaType":"{CONFIG}","digest":"{digest}","size":{size}}},"layers":[]}}"#
        );
        Manifest { digest: Digest::of(body.as_bytes()), body }
    }

    async fn blob(&self, image: &ImageRef, digest: &Digest, bytes: String) {
        let begin = format!("http://{}/v2/{}/blobs/uploads/", self.address, image.repository);
        let begun = self.http.post(begin).send().await.unwrap().error_for_status().unwrap();
        let to = begun.headers()["location"].to_str().unwrap();
        let mut to = reqwest::Url::parse(to).unwrap();
        to.query_pairs_mut().append_pair("digest", &digest.to_string());
        self.http.put(to).body(bytes).send().await.unwrap().error_for_status().unwrap();
    }

    /// Moves the image's tag; returns when the registry has answered.
    pub async fn put(&self, image: &ImageRef, manifest: &Manifest) {
        let url = format!("http://{}/v2/{}/manifests/{}", self.address, image.repository, image.tag);
        let put = self.http.put(url).header("content-type", MANIFEST).body(manifest.body.clone());
        put.send().await.unwrap().error_for_status().unwrap();
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A manifest that was not pushed yet.
pub struct Manifest {
    /// Where the tag points once it is.
    pub digest: Digest,
    body: String,
}

/// Nobody listens there now; that somebody else takes it before the registry does would end the bench.
fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn config(dir: &Path, address: SocketAddr, webhook: SocketAddr, token: &str) -> String {
    let storage = dir.join("storage");
    format!(
        "version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage:
  filesystem: {{rootdirectory: {storage}}}
  cache: {{blobdescriptor: inmemory}}
http: {{addr: '{address}'}}
notifications:
  endpoints:
    - name: tidegate
      url: http://{webhook}/v1/webhook/distribution
      headers: {{Authorization: ['Bearer {token}']}}
      timeout: 2s
      threshold: 5
      backoff: 1s
      ignore: {{mediatypes: [application/octet-stream], actions: [pull]}}
",
        storage = storage.display()
    )
}
