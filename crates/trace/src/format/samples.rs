//! A made-up sample of each format, in the order of names.

use random::streams::fnv1a;

use crate::reader::tests::read;

/// Names of formats, with a short trace.
const SAMPLES: &[(&str, &[u8])] = &[
    (
        "combined",
        br#"192.0.2.7 - - [05/Nov/2023:01:59:59 -0400] "GET /a HTTP/1.1" 200 512 "-" "curl/8.0"
2001:db8::7 - alice [05/Nov/2023:01:00:00 -0500] "POST /form?x=1 HTTP/2.0" 201 20 "https://example.org/" "a \"b\" [c]" 1500
192.0.2.7 - - [05/Nov/2023:01:00:00 -0500] "GET /a?b HTTP/1.1" 304 -
198.51.100.1 - - [05/Nov/2023:06:00:01 +0000] "\x16\x03\x01\\" 400 157 "-" "-" "-"
198.51.100.1 - - [05/Nov/2023:06:00:01 +0000] "-" 408 0 "-" "-"
"#,
    ),
    (
        "haproxy",
        br#"<134>Mar 15 10:30:00 lb haproxy[812]: 192.0.2.7:4711 [15/Mar/2024:10:30:00.250] http-in static/web1 0/0/1/30/31 200 900 - - ---- 1/1/1/1/0 0/0 "GET /a?b HTTP/1.1"
2001:db8::7:4712 [15/Mar/2024:10:30:00.255] http-in~ app/web2 0/12/1/6/+19 200 +120 - id=7 --VN 2/2/1/1/0 0/3 {example.org|a b} {} "POST https://example.org/b HTTP/2.0"
Mar 15 10:30:01 lb haproxy[812]: Server app/web2 is DOWN, reason: Layer4 timeout.
Mar 15 10:30:01 lb haproxy[812]: 192.0.2.9:4713 [15/Mar/2024:10:30:01.100] http-in/1: Connection error during SSL handshake
2024-03-15T10:30:01.300Z lb haproxy[812]: 192.0.2.8:4714 [15/Mar/2024:10:30:01.250] http-in http-in/<NOSRV> -1/-1/-1/-1/50 400 187 - - PR-- 2/2/0/0/0 0/0 "<BADREQ>"
192.0.2.7:4715 [15/Mar/2024:10:30:01.500] http-in static/web1 0/0/0/2/2 200 5000 - - ---- 1/1/1/1/0 0/0 "GET /long?and-cut
"#,
    ),
    (
        "jmeter",
        b"timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,failureMessage,bytes,sentBytes,\
         grpThreads,allThreads,URL,Latency,IdleTime,Connect\n\
         1710498600250,354,log in,200,OK,Users 1-1,text,true,,2781,133,1,1,http://example.org/login,354,0,275\n\
         1710498600262,12,\"find, then buy\",500,\"Oh, no\",Users 1-2,text,false,\"a \"\"b\"\"\nc\",350,140,2,2,http://example.org/,9,0,1\n\
         1710498600250,400,shop,200,\"Number of samples in transaction : 2, number of failing samples : 1\",Users 1-1,,false,,3131,273,1,1,null,363,0,276\n\
         1710498600650,10,log in,200,OK,Users 1-1,text,true,,2781,133,1,1,http://example.org/login,10,0,0\n",
    ),
    (
        "k6",
        b"metric_name,timestamp,metric_value,check,error,expected_response,group,method,name,status,url,extra_tags,metadata\n\
         http_reqs,1710498600,1.000000,,,true,,GET,a,200,https://example.org/a?b=1,,\n\
         http_req_duration,1710498600,52.250000,,,true,,GET,a,200,https://example.org/a?b=1,,\n\
         vus,1710498600,3.000000,,,,,,,,,,\n\
         http_reqs,1710498601,1.000000,,,true,,POST,c,201,https://example.org/c,,\n\
         http_req_duration,1710498601,12.000000,,,true,,POST,c,201,https://example.org/c,,\n\
         checks,1710498601,1.000000,\"is fine, \"\"or not\"\"\",,,,,,,,,\n",
    ),
    (
        "nginx",
        br#"192.0.2.7 - - [05/Nov/2023:01:59:59 -0400] "GET /a?b HTTP/1.1" 200 512 "-" "curl/8.0" 0.012
2001:db8::7 - - [05/Nov/2023:01:00:00 -0500] "HEAD /b HTTP/1.1" 200 0 "-" "a \x22b\x22" "203.0.113.9" 0.105
192.0.2.7 - alice [05/Nov/2023:01:00:01 -0500] "POST /c HTTP/2.0" 201 64 "https://example.org/" "Mozilla/5.0 (X11)" 0.050
198.51.100.1 - - [05/Nov/2023:06:00:01 +0000] "\x16\x03\x01" 400 157 "-" "-" 0.000
"#,
    ),
    (
        "swf",
        b"; Version: 2.2\n\
         ; UnixStartTime: 749433603\n\
         \x20   1       0   -1  1451 128   -1   -1  100   -1 -1  1   1  3  7  1 -1 -1 -1\n\
         \x20   2    1460.5 -1    -1  64   -1   -1   64   -1 -1  5   2  3 -1 -1 -1 -1 -1\n\
         \x20   3    5198   10     0  -1   -1   -1   -1   -1 -1  0   1  4  7  2 -1 -1 -1\n\
         \x20   3      -1   10    10  -1   -1   -1   -1   -1 -1  2   1  4  7  2 -1 -1 -1\n",
    ),
    (
        "vegeta",
        b"1710498600250000007,200,5120000,0,3,,YWJj,attack,0,GET,http://example.org/a,Q29udGVudC1MZW5ndGg6IDMNCg0K\n\
         1710498600270000007,0,30000000000,12,0,\"Post \"\"http://example.org/b\"\": timeout, at last\",,attack,1,POST,http://example.org/b,\n\
         1710498600290000007,0,10,0,0,no targets to attack,,attack,2,,,\n",
    ),
];

/// The sample of the format called `name`.
pub(super) fn sample(name: &str) -> &'static [u8] {
    SAMPLES.iter().find(|(known, _)| *known == name).unwrap().1
}

/// The client of this name.
pub(super) fn hashed(name: &str) -> u32 {
    let hash = fnv1a(name.as_bytes());
    (hash ^ (hash >> 32)) as u32
}

#[test]
fn each_sample_fits_one_format_alone() {
    for (name, text) in SAMPLES {
        assert_eq!(read(text).summary.files[0].format, *name);
    }
    assert!(SAMPLES.is_sorted_by_key(|(name, _)| *name));
}
