//! The cells of one row.

/// The cells of one row, which are reused for the next.
#[derive(Debug, Default)]
pub(crate) struct Cells {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Cells {
    /// Removes all cells.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// Appends a cell.
    pub(crate) fn push(&mut self, cell: &[u8]) {
        self.bytes.extend_from_slice(cell);
        self.ends.push(self.bytes.len());
    }

    /// Appends a part of a cell; the next one begins another cell if `is_end`.
    pub(crate) fn append(&mut self, part: &[u8], is_end: bool) {
        self.bytes.extend_from_slice(part);
        if is_end {
            self.ends.push(self.bytes.len());
        }
    }

    /// Removes the carriage return of a line break, which is at the end of the last cell.
    pub(crate) fn strip_carriage_return(&mut self) {
        self.bytes.pop();
        if let Some(end) = self.ends.last_mut() {
            *end -= 1;
        }
    }

    /// Number of cells.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The cell at `place`, which must be below [`Cells::len`].
    pub(crate) fn get(&self, place: usize) -> &[u8] {
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..self.ends[place]]
    }

    /// All cells.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|place| self.get(place))
    }
}
