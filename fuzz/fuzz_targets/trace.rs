#![no_main]

// The families of traces differ in the cases that they make; libFuzzer makes its own.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::hold("delimited", bytes));
