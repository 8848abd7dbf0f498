//! Owners' channels, and what came out at their other end.

use super::Sim;
use super::file::Listening;
use crate::model::notices::{Notice, NoticeId, NoticeJob};
use crate::model::reports::{Answer, Unreachable};
use crate::model::{Span, Timestamp};
use crate::ports::Notifier;
use async_trait::async_trait;

/// A receiver that answers nothing is given up after this long, as a configured timeout has it.
const PATIENCE: Span = Span::from_secs(15);
/// How long a receiver takes that is well.
const ANSWERS_IN: Span = Span::from_millis(120);

/// A notice that its receiver has, once for every time that it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// When, by the world's own time.
    pub at: Timestamp,
    /// Which one.
    pub id: NoticeId,
    /// What it says.
    pub notice: Notice,
}

impl Sim {
    /// What receivers heard from place `from` on, oldest first.
    pub fn heard(&self, from: usize) -> Vec<Heard> {
        self.parts().heard.get(from..).unwrap_or(&[]).to_vec()
    }

    fn hears(&self, job: &NoticeJob) {
        let heard = Heard { at: self.now(), id: job.id.clone(), notice: job.notice.clone() };
        self.parts().heard.push(heard);
    }
}

#[async_trait]
impl Notifier for Sim {
    async fn notify(&self, job: &NoticeJob) -> Answer<()> {
        let how = self.parts().channels.get(&job.id.channel).copied().unwrap_or_default();
        let silent = |why: &str| {
            let who = format!("channel {}", job.id.channel);
            Answer::Unreachable(Unreachable { who, why: why.to_owned(), retry_after: None })
        };
        match how {
            Listening::Away => return silent("connection refused, or no such host"),
            Listening::Refuses => return silent("status 503"),
            Listening::Silent => {
                self.pause(PATIENCE).await;
                return silent("no answer within 15 s");
            }
            Listening::Slow(by) if by.0 >= PATIENCE => {
                self.pause(PATIENCE).await;
                // It was told all the same, only later than anybody waited.
                self.hears(job);
                return silent("no answer within 15 s");
            }
            Listening::Slow(by) => self.pause(by.0).await,
            Listening::Well | Listening::LosesAnswers => {
                let takes = self.fixed.dice.about(ANSWERS_IN, &format!("notice {} {}", job.id, job.attempt));
                self.pause(takes).await;
            }
        }
        self.hears(job);
        // The answer is on its way: who dies now does not know that it arrived.
        self.pause(Span::from_millis(20)).await;
        if how == Listening::LosesAnswers {
            return silent("the connection broke before an answer came");
        }
        Answer::Done(())
    }
}
