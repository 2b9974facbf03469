//! When to try which transport again. Pure: time comes in as an argument, randomness as a seed.
