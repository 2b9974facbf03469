#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| wampwerk_fuzz::run("key_files", input));
