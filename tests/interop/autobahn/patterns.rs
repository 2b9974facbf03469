//! Procedures and topics that are registered and subscribed by pattern.

use serde_json::json;
use wampwerk::message::InvocationDetails;
use wampwerk::uri::Pattern;

use super::place::{Place, calling, shape};
use crate::peer::within;

pub(crate) async fn procedures(at: &Place) {
    let (ours, mut theirs) = (at.ours().await, at.theirs().await);
    let (prefix, wildcard) = (at.uri("files."), at.uri("users..save"));
    let [called_file, called_user] = [at.uri("files.a.b"), at.uri("users.7.save")];
    for (policy, pattern, called) in
        [("prefix", &prefix, &called_file), ("wildcard", &wildcard, &called_user)]
    {
        let register = json!({"procedure": pattern, "options": {"match": policy}});
        let registration = theirs.must("register", register).await;
        let call = calling(&ours, called, json!([policy]));
        let invocation = theirs.next("invocation").await;
        assert_eq!(invocation["procedure"], **called, "what was called, not the pattern");
        assert_eq!(invocation["registration"], registration);
        assert_eq!(invocation["args"], json!([policy]));
        theirs.must("return", json!({"invocation": invocation["invocation"]})).await;
        call.await.unwrap().unwrap();
        theirs.must("unregister", json!({"registration": registration})).await;
        let error = theirs.call(called, json!([])).await.unwrap_err();
        assert_eq!(error["error"], "wamp.error.no_such_procedure");
    }
    let which = |details: InvocationDetails| async move { details.procedure.clone().unwrap() };
    ours.register(Pattern::prefix(&*prefix), which).await.unwrap();
    ours.register(Pattern::wildcard(&*wildcard), which).await.unwrap();
    // The exact one is the better match.
    let exact = at.uri("files.exact");
    let register = json!({"procedure": exact, "answer": ["exact"]});
    theirs.must("register", register).await;
    for called in [&called_file, &called_user] {
        assert_eq!(theirs.call(called, json!([])).await.unwrap(), json!({"value": called}));
    }
    assert_eq!(theirs.call(&exact, json!([])).await.unwrap(), json!({"value": "exact"}));
    theirs.leave().await;
    ours.leave().await;
}

pub(crate) async fn topics(at: &Place) {
    let (ours, mut theirs) = (at.ours().await, at.theirs().await);
    let (prefix, wildcard) = (at.uri("news."), at.uri("shops..closed"));
    let topics = [at.uri("news.sports.results"), at.uri("shops.9.closed")];
    let mut subscriptions = Vec::new();
    for (policy, pattern) in [("prefix", &prefix), ("wildcard", &wildcard)] {
        let subscribe = json!({"topic": pattern, "options": {"match": policy}});
        subscriptions.push(theirs.must("subscribe", subscribe).await);
    }
    for (topic, subscription) in topics.iter().zip(&subscriptions) {
        ours.publish(at.uri("elsewhere")).acknowledge().await.unwrap();
        let id = ours.publish(&**topic).args((topic,)).acknowledge().await.unwrap();
        let event = theirs.next("event").await;
        assert_eq!((&event["topic"], &event["args"]), (&json!(topic), &json!([topic])));
        assert_eq!((&event["subscription"], &event["publication"]), (subscription, &json!(id)));
    }
    let news = ours.subscribe(Pattern::prefix(&*prefix)).await.unwrap();
    let closed = ours.subscribe(Pattern::wildcard(&*wildcard)).await.unwrap();
    for (topic, mut subscription) in topics.iter().zip([news, closed]) {
        let publish = json!({"topic": topic, "args": [1], "kwargs": {"k": 2},
            "options": {"acknowledge": true}});
        let id = theirs.must("publish", publish).await;
        let event = within("an event", subscription.next()).await.unwrap().unwrap();
        assert_eq!(event.topic.as_str(), topic);
        assert_eq!(shape(&event.payload), json!([[1], {"k": 2}]));
        assert_eq!(id, event.publication);
    }
    theirs.leave().await;
    ours.leave().await;
}
