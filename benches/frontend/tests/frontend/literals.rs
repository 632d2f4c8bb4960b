//! Lone surrogates: the parser loses them, and the source brings them back.

use frontend::text::{surrogatepass, surrogates};
use rstest::rstest;

/// What the parser makes of a surrogate.
const LOST: char = '\u{FFFD}';

#[rstest]
#[case::one(r"\ud800", "?", &[0xD800])]
#[case::pair_stays_two(r"\ud83d\ude00", "??", &[0xD83D, 0xDE00])]
#[case::long_escape(r"\U0000dfff", "?", &[0xDFFF])]
#[case::between(r"a\udc80b", "a?b", &[0x61, 0xDC80, 0x62])]
#[case::beside_the_real_one("\u{FFFD}\\ud800", "\u{FFFD}?", &[0xFFFD, 0xD800])]
#[case::behind_each_escape(
    r"\n\x41\101\7é\u00e9\U0001f600\N{EM DASH}\'\ud800", "\nAA\u{7}éé😀—'?",
    &[10, 0x41, 0x41, 7, 0xE9, 0xE9, 0x1F600, 0x2014, 0x27, 0xD800]
)]
#[case::behind_no_escape(r"\d\ud800", r"\d?", &[0x5C, 0x64, 0xD800])]
#[case::behind_a_continuation("\\\n\\ud800", "?", &[0xD800])]
#[case::behind_a_backslash(r"\\\ud800", r"\?", &[0x5C, 0xD800])]
fn a_lost_surrogate_is_found_in_the_source(
    #[case] source: &str,
    #[case] value: &str,
    #[case] points: &[u32],
) {
    let value = value.replace('?', &LOST.to_string());
    let found = surrogates(source, &value, false, false);
    assert_eq!(found.as_deref(), Some(points));
}

#[rstest]
#[case::none(r"abc\n", "abc\n", false)]
#[case::a_real_replacement_character("\u{FFFD}", "\u{FFFD}", false)]
#[case::an_escaped_one(r"\ufffd", "\u{FFFD}", false)]
#[case::an_escaped_backslash(r"\\ud800\ufffd", "\\ud800\u{FFFD}", false)]
#[case::raw("\\ud800\u{FFFD}", "\\ud800\u{FFFD}", true)]
fn what_is_no_surrogate_is_none(#[case] source: &str, #[case] value: &str, #[case] raw: bool) {
    assert_eq!(surrogates(source, value, raw, false), None);
}

#[test]
fn a_doubled_brace_of_an_f_string_is_one_character() {
    let value = format!("{{{LOST}}}");
    let points = surrogates(r"{{\ud800}}", &value, false, true);
    assert_eq!(points, Some(vec![0x7B, 0xD800, 0x7D]));
}

#[test]
fn surrogatepass_is_utf_8_where_there_is_none() {
    let text = "aé—😀\u{7ff}\u{800}\u{ffff}";
    let points: Vec<u32> = text.chars().map(u32::from).collect();
    assert_eq!(surrogatepass(&points), text.as_bytes());
    assert_eq!(
        surrogatepass(&[0xD800, 0xDFFF]),
        b"\xed\xa0\x80\xed\xbf\xbf"
    );
}
