//! The steps of a run or rollout, in their order: found by place at once, and by key by a search of the sorted keys.
//!
//! Which steps there are is fixed when they are planned; only what is in a step changes. So places stay what they are, and clones of
//! a state share the index.

use super::rollout::NodeStep;
use super::run::Step;
use crate::model::StepKey;
use serde::de::Error as _;
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::ops::Index;
use std::sync::Arc;

/// What has the key of a step.
pub trait Keyed {
    /// Which step it is.
    fn key(&self) -> &StepKey;
}

/// Steps in their order, of one key each.
///
/// Written as `order`, the keys, and `steps`, by key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Steps<S> {
    list: Vec<S>,
    /// Places, by their steps' keys.
    sorted: Arc<[usize]>,
}

impl<S: Keyed> Steps<S> {
    /// Steps in this order; no two have one key.
    pub fn new(list: Vec<S>) -> Self {
        let mut sorted: Vec<usize> = (0..list.len()).collect();
        sorted.sort_by(|one, other| list[*one].key().cmp(list[*other].key()));
        Self { list, sorted: sorted.into() }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The step at a place of the order, from 0.
    pub fn at(&self, place: usize) -> Option<&S> {
        self.list.get(place)
    }

    /// The same, to be changed.
    pub fn at_mut(&mut self, place: usize) -> Option<&mut S> {
        self.list.get_mut(place)
    }

    /// Those before a place of the order, in order; all of them where there is no such place.
    pub fn before(&self, place: usize) -> &[S] {
        &self.list[..place.min(self.list.len())]
    }

    /// Where in the order a step is, from 0.
    pub fn place(&self, key: &StepKey) -> Option<usize> {
        let found = self.sorted.binary_search_by(|place| self.list[*place].key().cmp(key)).ok()?;
        self.sorted.get(found).copied()
    }

    /// The step of this key.
    pub fn get(&self, key: &StepKey) -> Option<&S> {
        self.at(self.place(key)?)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, key: &StepKey) -> Option<&mut S> {
        let place = self.place(key)?;
        self.at_mut(place)
    }

    /// Whether there is a step of this key.
    pub fn contains_key(&self, key: &StepKey) -> bool {
        self.place(key).is_some()
    }

    /// The keys, in order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &StepKey> + ExactSizeIterator {
        self.list.iter().map(Keyed::key)
    }

    /// The steps, in order.
    pub fn values(&self) -> std::slice::Iter<'_, S> {
        self.list.iter()
    }

    /// The same, to be changed.
    pub fn values_mut(&mut self) -> std::slice::IterMut<'_, S> {
        self.list.iter_mut()
    }
}

impl<S: Keyed> Index<&StepKey> for Steps<S> {
    type Output = S;

    /// # Panics
    /// Where there is no such step.
    fn index(&self, key: &StepKey) -> &S {
        match self.get(key) {
            Some(step) => step,
            None => panic!("there is no step {key}"),
        }
    }
}

impl<S: Keyed + Serialize> Serialize for Steps<S> {
    fn serialize<T: Serializer>(&self, serializer: T) -> Result<T::Ok, T::Error> {
        let order: Vec<&StepKey> = self.keys().collect();
        let steps: BTreeMap<&StepKey, &S> = self.list.iter().map(|step| (step.key(), step)).collect();
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("order", &order)?;
        map.serialize_entry("steps", &steps)?;
        map.end()
    }
}

impl<'de, S: Keyed + Deserialize<'de>> Deserialize<'de> for Steps<S> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Written<S> {
            order: Vec<StepKey>,
            steps: BTreeMap<StepKey, S>,
        }
        let Written { order, mut steps } = Written::deserialize(deserializer)?;
        let take = |key: &StepKey| {
            steps.remove(key).ok_or_else(|| D::Error::custom(format!("there is no step {key}")))
        };
        order.iter().map(take).collect::<Result<Vec<S>, _>>().map(Self::new)
    }
}

impl Keyed for Step {
    fn key(&self) -> &StepKey {
        &self.key
    }
}

impl Keyed for NodeStep {
    fn key(&self) -> &StepKey {
        &self.key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
    struct Some {
        key: StepKey,
        what: u32,
    }

    impl Keyed for Some {
        fn key(&self) -> &StepKey {
            &self.key
        }
    }

    fn key(text: &str) -> StepKey {
        text.parse().unwrap()
    }

    fn some() -> Steps<Some> {
        let keys = ["image:b:1", "image:a:1", "deploy:f/w"];
        Steps::new(keys.into_iter().zip(0..).map(|(text, what)| Some { key: key(text), what }).collect())
    }

    #[test]
    fn steps_keep_their_order_and_are_found_by_place_and_key() {
        let mut steps = some();
        let order: Vec<String> = steps.keys().map(ToString::to_string).collect();
        assert_eq!(order, ["image:b:1", "image:a:1", "deploy:f/w"]);
        for (place, text) in order.iter().enumerate() {
            assert_eq!(steps.place(&key(text)), Option::Some(place));
            assert_eq!(steps[&key(text)].what as usize, place);
            assert_eq!(steps.at(place), steps.get(&key(text)));
        }
        assert!(steps.get(&key("image:c:1")).is_none() && steps.at(3).is_none());
        steps.get_mut(&key("image:a:1")).unwrap().what = 9;
        assert_eq!(steps.at(1).unwrap().what, 9);
        assert_eq!((steps.before(2).len(), steps.before(9).len()), (2, 3));
    }

    #[test]
    fn they_are_read_as_they_were_written_and_a_step_that_is_missing_is_an_error() {
        let text = serde_json::to_string(&some()).unwrap();
        assert!(text.starts_with(r#"{"order":["image:b:1","image:a:1","deploy:f/w"],"steps":{""#), "{text}");
        assert_eq!(serde_json::from_str::<Steps<Some>>(&text).unwrap(), some());
        let cut = text.replacen("image:a:1\"]", "image:a:1\",\"image:x:1\"]", 1).replacen(
            "deploy:f/w",
            "image:z:1",
            1,
        );
        let error = serde_json::from_str::<Steps<Some>>(&cut).unwrap_err().to_string();
        assert!(error.contains("there is no step image:z:1"), "{error}");
    }
}
