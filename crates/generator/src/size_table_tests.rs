//! Tests of [`super`]: traces against their tables of sizes.

use crate::testing::{file, refusal, refusal_in, trace};
use random::testing::assert_counts;

#[test]
fn wrong_tables_are_refused_with_the_value() {
    for (sizes, rule) in [
        ("64", "must be one of distribution, table:SIZE=WEIGHT,…, file:FILE"),
        ("table:", "must be one of distribution, table:SIZE=WEIGHT,…, file:FILE"),
        ("table:0=1", "is not table:SIZE=WEIGHT,…: in 0=1, SIZE must be an integer from 1 to 4294967295"),
        (
            "table:8=1,9=x",
            "is not table:SIZE=WEIGHT,…: in 9=x, WEIGHT must be a decimal number from 0 to 18446744073, with at most nine decimal places",
        ),
        ("table:8=0", "is not table:SIZE=WEIGHT,…: the sum of the weights must be above 0, and at most 18446744073"),
        ("table:8=1,1000001=1", "has the size 1000001 above SAS=1000000: a request lies within the storage array"),
    ] {
        assert_eq!(refusal(&[("SIZES", sizes)]), format!("flag: SIZES={sizes} {rule}"));
    }
    for (text, error) in [
        ("sizes,weight\n1,1\n", "FILE:1: the header \"sizes,weight\" is not size,weight"),
        ("size,weight\n8,1\n0.5,1\n", "FILE:3: size=0.5 must be an integer from 1 to 4294967295"),
        (
            "size,weight\n8,-1\n",
            "FILE:2: weight=-1 must be a decimal number from 0 to 18446744073, with at most nine decimal places",
        ),
        ("size,weight\n8,0\n9,0\n", "FILE:3: the sum of the weights must be above 0, and at most 18446744073"),
    ] {
        let (_file, path) = file(text);
        assert_eq!(refusal_in(&path, &[("SIZES", &format!("file:{path}"))]), error);
    }
}

#[test]
fn sizes_are_as_frequent_as_their_weights() {
    let (_file, path) = file("size,weight\n8,0.7\n64,0.2\n256,0.1\n1,0\n");
    let mut probabilities = vec![0.0; 257];
    (probabilities[8], probabilities[64], probabilities[256]) = (0.7, 0.2, 0.1);
    for sizes in ["table:8=70,64=20,256=10", &format!("file:{path}")] {
        // Neither SIZE nor MEAN takes part, however wrong it is.
        for (distribution, other) in [("poisson", ("SIZE", "0")), ("gamma", ("MEAN", "9000000"))] {
            let changes = [("SIZES", sizes), ("DISTRIBUTION", distribution), other];
            let sizes: Vec<u64> = trace(&changes).iter().map(|request| u64::from(request.size)).collect();
            assert_counts(distribution, &sizes, &probabilities);
        }
    }
    assert!(trace(&[("SIZES", "table:7")]).iter().all(|request| request.size == 7));
}
