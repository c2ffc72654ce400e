//! Values of the form KIND:A,B,C.

use super::{Rule, duration};

/// The kind in `text`, and what follows its colon.
pub fn split(text: &str) -> (&str, &str) {
    text.split_once(':').unwrap_or((text, ""))
}

/// The `least` to N values in `values`, which the form names after its colon.
///
/// # Errors
/// If there are fewer or more.
pub fn values<'a, const N: usize>(form: &str, values: &'a str, least: usize) -> Result<[Option<&'a str>; N], String> {
    let given: Vec<&str> = if values.is_empty() { Vec::new() } else { values.split(',').collect() };
    if given.len() < least || given.len() > N {
        let wanted = if least == N { N.to_string() } else { format!("{least} to {N}") };
        return Err(format!("is not {form}: it has {} values instead of {wanted}", given.len()));
    }
    let mut given = given.into_iter();
    Ok([(); N].map(|()| given.next()))
}

/// The value called `name` of a form.
///
/// # Errors
/// If it breaks `rule`.
pub fn value<T: 'static>(form: &str, name: &str, text: Option<&str>, rule: &Rule<T>) -> Result<T, String> {
    let text = text.unwrap_or_default();
    rule.parse(text).map_err(|rule| format!("is not {form}: {name}={} {rule}", failure::printable(text.as_bytes(), 40)))
}

/// A duration above 0 \[ns\].
///
/// # Errors
/// If it is none.
pub fn duration_above_0(form: &str, name: &str, text: Option<&str>) -> Result<u64, String> {
    value(form, name, text, &duration(1))
}

/// A decimal number within `range`, which `about` describes.
pub fn number(about: &'static str, is_within: fn(f64) -> bool) -> Rule<f64> {
    let number = super::number();
    Rule::new(about, move |text| number.parse(text).ok().filter(|number| is_within(*number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_values_is_checked() {
        assert_eq!(values::<2>("k:A,B", "1,2", 2), Ok([Some("1"), Some("2")]));
        assert_eq!(values::<2>("k:A[,B]", "1", 1), Ok([Some("1"), None]));
        let refused = |text, least| values::<2>("k:A,B", text, least).unwrap_err();
        assert_eq!(refused("", 2), "is not k:A,B: it has 0 values instead of 2");
        assert_eq!(refused("1,2,3", 1), "is not k:A,B: it has 3 values instead of 1 to 2");
    }
}
