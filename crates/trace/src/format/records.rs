//! Records of the contract, as a simulator reads them.

use super::{Format, Shape};

pub(super) const FORMAT: Format =
    Format { name: "records", shape: Shape::Records, fields: &[], several_units: false, unknown: &[], notes: &[] };
