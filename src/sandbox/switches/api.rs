//! The whole API: limits, latency, errors.

use super::{Switch, switch};

pub(super) const TABLE: &[Switch] = &[
    switch(
        "latency-ms",
        "0",
        &[],
        "each Graph request takes this long, while it counts as in flight",
    ),
    switch(
        "throttle-concurrency",
        "4",
        &[],
        "requests in flight for an app and mailbox before 429",
    ),
    switch(
        "throttle-retry-after",
        "\"auto\"",
        &["\"date\"", "null"],
        "Retry-After of a refusal: \"auto\", what it takes; a number of seconds; \"date\", as a date; null, no header",
    ),
    switch(
        "rate-limit",
        "10000",
        &[],
        "requests in ten minutes for an app and mailbox before 429",
    ),
    switch(
        "body-cap",
        "4194304",
        &[],
        "octets of a request body before 413",
    ),
    switch(
        "shared-denied-as",
        "403",
        &["404"],
        "status without rights on another's mailbox: 403 or 404",
    ),
    switch(
        "latency-jitter-ms",
        "0",
        &[],
        "on top of it, up to so much, by chance (chance-seed)",
    ),
    switch(
        "chance-seed",
        "1",
        &[],
        "decides the jitter and the faults with a probability; setting it starts them anew",
    ),
    switch(
        "clock-skew-seconds",
        "0",
        &["-240", "240"],
        "the service's clock is so far ahead of this computer's",
    ),
    switch(
        "throttle-status",
        "429",
        &["503"],
        "status of a refusal by a limit: 429 or 503",
    ),
    switch(
        "throttle-code",
        "\"ApplicationThrottled\"",
        &["\"TooManyRequests\"", "\"activityLimitReached\""],
        "its code",
    ),
    switch(
        "upload-limit",
        "157286400",
        &[],
        "octets of POST, PATCH and PUT bodies in five minutes for an app and mailbox before it",
    ),
    switch(
        "body-cap-as",
        "\"413\"",
        &["\"400\"", "\"ErrorMessageSizeExceeded\""],
        "how too large a body is refused (open point 7): \"413\", \"400\", or \"ErrorMessageSizeExceeded\" (400)",
    ),
    switch(
        "error-inner",
        "\"innerError\"",
        &["\"innererror\"", "\"none\""],
        "how the inner error of an error body is spelled, or that there is none",
    ),
    switch(
        "error-code-case",
        "\"documented\"",
        &["\"lower\""],
        "first letter of error codes: as documented, or small",
    ),
    switch(
        "batch-value-encoding",
        "\"base64\"",
        &["\"base64url\"", "\"text\""],
        "how a `$value` comes inside a `$batch` (open point 10)",
    ),
    switch(
        "upload-minimum",
        "3145728",
        &[],
        "octets below which an upload session is refused",
    ),
    switch("upload-seconds", "3600", &[], "life of an upload session"),
];
