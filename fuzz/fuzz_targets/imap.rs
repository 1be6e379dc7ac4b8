//! What a client may send: framing keeps its limits, and no command line makes the grammar panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use postern::imap::{
    flow::{Flow, Limits, Refusal, Step},
    wire,
};

const LIMITS: Limits = Limits {
    line: 4 << 10,
    literals: 8 << 10,
    message: 16 << 10,
    discard: 64 << 10,
};

fuzz_target!(|data: &[u8]| {
    // One command as framing would hand it on, literals and all.
    let _ = wire::decode(data);

    // The same octets as a stream, in pieces as a network would cut them.
    let mut flow = Flow::new(LIMITS);
    for piece in data.chunks(7) {
        flow.input().extend_from_slice(piece);
        // Each step takes octets away or asks for more: a bound on the steps proves that it ends.
        for round in 0.. {
            assert!(round <= 2 * piece.len() + 64, "framing does not end");
            match flow.step() {
                Step::More => break,
                Step::Command(command) => {
                    assert!(
                        command.len() as u64
                            <= LIMITS.line as u64 + LIMITS.literals + LIMITS.message + 64
                    );
                    let _ = wire::decode(&command);
                }
                Step::Announced => {
                    if flow.begun().len() % 2 == 0 {
                        let _ = flow.accept();
                    } else {
                        flow.decline(Refusal::LiteralTooLarge);
                    }
                }
                Step::Continue | Step::Refused { .. } => {}
                _ => return,
            }
        }
    }
});
