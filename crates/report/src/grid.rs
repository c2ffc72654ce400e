//! Columns of text that fit a terminal: what has no room is left out, cut, or moved to a table below.

use unicode_width::UnicodeWidthStr as _;

/// Blanks between two columns.
const GAP: usize = 2;

/// No column is cut to less than this.
const LEAST_CUT: usize = 10;

/// A column of a table.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name, in one or more lines.
    pub head: String,
    /// Whether its cells begin at the left.
    pub left: bool,
    /// Where it is shown.
    pub place: Place,
}

/// Where a column is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the first table.
    First,
    /// As [`Place::First`]; if the table is too wide, the cells are cut.
    Cut,
    /// In the first table if all columns of this kind have room there, else in a table below it.
    Below,
    /// In the first table if it has room after the columns of smaller numbers, else nowhere.
    IfRoom(u8),
}

/// A table. Its first column, which identifies the rows, is repeated in each table below.
#[derive(Debug)]
pub struct Grid {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
    total: bool,
}

impl Grid {
    /// A table without rows.
    pub fn new(columns: Vec<Column>) -> Self {
        Self { columns, rows: Vec::new(), total: false }
    }

    /// Adds a row. If it has fewer cells than the table has columns, its last cell runs over the columns that it lacks.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Adds the last row, which is below a rule.
    pub fn total(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
        self.total = true;
    }

    /// The table in lines of at most `width` characters, unless a single column with its first one is wider.
    pub fn render(&self, width: usize) -> String {
        let mut widths: Vec<usize> = (0..self.columns.len()).map(|column| self.width(column)).collect();
        let cut: Vec<usize> = (0..widths.len()).map(|column| self.least(column, widths[column])).collect();
        let (first, below) = self.places(&cut, width);
        for &column in &first {
            let excess = needed(&first, &widths).saturating_sub(width);
            widths[column] = widths[column].saturating_sub(excess).max(cut[column]);
        }
        let tables = [first, below].into_iter().filter(|columns| !columns.is_empty());
        let tables = tables.flat_map(|columns| stacked(&columns, &widths, width));
        tables.map(|columns| self.table(&columns, &widths)).collect::<Vec<_>>().join("\n")
    }

    /// The least width of a column whose cells take `width`.
    fn least(&self, column: usize, width: usize) -> usize {
        if self.columns[column].place == Place::Cut { LEAST_CUT.min(width) } else { width }
    }

    /// The columns of the first table, and those of the tables below.
    fn places(&self, widths: &[usize], width: usize) -> (Vec<usize>, Vec<usize>) {
        let of = |is: &dyn Fn(Place) -> bool| -> Vec<usize> {
            (0..self.columns.len()).filter(|&column| is(self.columns[column].place)).collect()
        };
        let mut first = of(&|place| !matches!(place, Place::IfRoom(_)));
        let mut below = of(&|place| place == Place::Below);
        if needed(&first, widths) <= width {
            below.clear();
        } else {
            first.retain(|column| !below.contains(column));
        }
        for number in 0..self.columns.len() as u8 {
            for column in of(&|place| place == Place::IfRoom(number)) {
                let mut wider = first.clone();
                wider.insert(first.partition_point(|&other| other < column), column);
                if needed(&wider, widths) > width {
                    return (first, below);
                }
                first = wider;
            }
        }
        (first, below)
    }

    /// The width of a column: that of its head and of its cells, except those that run over it.
    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter(|row| !self.runs_over(row, column)).filter_map(|row| row.get(column));
        self.columns[column].head.lines().chain(cells.map(String::as_str)).map(str::width).max().unwrap_or(0)
    }

    fn runs_over(&self, row: &[String], column: usize) -> bool {
        row.len() < self.columns.len() && column + 1 == row.len()
    }

    /// A table of `columns`.
    fn table(&self, columns: &[usize], widths: &[usize]) -> String {
        let rule = "─".repeat(needed(columns, widths));
        let height = columns.iter().map(|&column| self.columns[column].head.lines().count()).max().unwrap_or(0);
        let mut lines: Vec<String> = (0..height)
            .map(|number| {
                // Heads of fewer lines are at the bottom.
                let line = |column: usize| {
                    let head: Vec<&str> = self.columns[column].head.lines().collect();
                    (number + head.len()).checked_sub(height).and_then(|line| head.get(line).copied()).unwrap_or("")
                };
                line_of(columns.iter().map(|&column| self.padded(column, line(column), widths[column])))
            })
            .collect();
        lines.push(rule.clone());
        for (number, row) in self.rows.iter().enumerate() {
            if columns.iter().skip(1).all(|&column| row.get(column).is_none_or(String::is_empty)) {
                continue;
            }
            if self.total && number + 1 == self.rows.len() {
                lines.push(rule.clone());
            }
            let cells = columns.iter().filter_map(|&column| match row.get(column)? {
                cell if self.runs_over(row, column) => Some(cell.clone()),
                cell => Some(self.padded(column, cell, widths[column])),
            });
            lines.push(line_of(cells));
        }
        lines.into_iter().map(|line| line + "\n").collect()
    }

    fn padded(&self, column: usize, cell: &str, width: usize) -> String {
        let cell = cut(cell, width);
        let blanks = " ".repeat(width - cell.width().min(width));
        if self.columns[column].left { cell + &blanks } else { blanks + &cell }
    }
}

/// How wide a table of `columns` is.
fn needed(columns: &[usize], widths: &[usize]) -> usize {
    columns.iter().map(|&column| widths[column] + GAP).sum::<usize>().saturating_sub(GAP)
}

/// `columns` in as many tables as it takes, each of which begins with column 0.
fn stacked(columns: &[usize], widths: &[usize], width: usize) -> Vec<Vec<usize>> {
    let mut tables = vec![vec![0]];
    for &column in columns.iter().filter(|&&column| column != 0) {
        match tables.last_mut() {
            Some(table) if table.len() == 1 || needed(table, widths) + GAP + widths[column] <= width => {
                table.push(column);
            }
            _ => tables.push(vec![0, column]),
        }
    }
    tables
}

fn line_of(cells: impl Iterator<Item = String>) -> String {
    cells.collect::<Vec<_>>().join(&" ".repeat(GAP)).trim_end().to_owned()
}

/// The beginning of `text` that has room in `width`.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let ends = text.char_indices().map(|(end, _)| end).rev();
    let kept = ends.map(|end| &text[..end]).find(|kept| kept.width() < width);
    kept.unwrap_or("").to_owned() + "…"
}

/// `text` in lines of at most `width` characters, broken at blanks. The first line begins with `head`; the others begin with blanks
/// of the same width.
pub fn paragraph(head: &str, text: &str, width: usize) -> String {
    let mut lines = vec![head.to_owned()];
    let indent = head.width();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.width() == indent => *line += word,
            Some(line) if line.width() + 1 + word.width() <= width => *line += &format!(" {word}"),
            _ => lines.push(" ".repeat(indent) + word),
        }
    }
    lines.into_iter().map(|line| line.trim_end().to_owned() + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid {
        let right = |head: &str, place| Column { head: head.to_owned(), left: false, place };
        let mut grid = Grid::new(vec![
            right("row", Place::First),
            Column { head: "name".to_owned(), left: true, place: Place::Cut },
            right("lost\n[s]", Place::Below),
            right("mean", Place::First),
            right("max", Place::IfRoom(1)),
            right("min", Place::IfRoom(2)),
        ]);
        grid.row(["1", "a name of twenty-two.", "7 (70 %)", "0.25", "9", "0"].map(str::to_owned).to_vec());
        grid.row(["2", "日本語", "0 (0 %)", "12.50", "10", "1"].map(str::to_owned).to_vec());
        grid.row(["3", "failed for a long reason"].map(str::to_owned).to_vec());
        grid.total(["all", "", "7 (35 %)", "6.38", "10", "0"].map(str::to_owned).to_vec());
        grid
    }

    #[test]
    fn columns_are_added_while_there_is_room() {
        let text = grid().render(60);
        let expected = "
                                lost
row  name                        [s]   mean  max  min
─────────────────────────────────────────────────────
  1  a name of twenty-two.  7 (70 %)   0.25    9    0
  2  日本語                  0 (0 %)  12.50   10    1
  3  failed for a long reason
─────────────────────────────────────────────────────
all                         7 (35 %)   6.38   10    0
";
        assert_eq!(format!("\n{text}"), expected);
        // Names are cut first.
        let text = grid().render(50);
        assert_eq!(text.lines().nth(1), Some("row  name                     [s]   mean  max  min"));
        assert_eq!(text.lines().nth(3), Some("  1  a name of twenty-…  7 (70 %)   0.25    9    0"));
        assert_eq!(grid().render(35).lines().nth(1), Some("row  name                [s]   mean"));
    }

    #[test]
    fn without_room_columns_go_below_and_names_are_cut() {
        let expected = "\
row  name         mean
──────────────────────
  1  a name of…   0.25
  2  日本語      12.50
  3  failed for a long reason
──────────────────────
all               6.38

         lost
row       [s]
─────────────
  1  7 (70 %)
  2   0 (0 %)
─────────────
all  7 (35 %)
";
        assert_eq!(grid().render(22), expected);
        // Too narrow for any table: a column at a time.
        assert_eq!(grid().render(1).matches("row").count(), 3);
    }

    #[test]
    fn a_paragraph_is_broken_at_blanks() {
        assert_eq!(paragraph("load  ", "2 of 3 servers", 12), "load  2 of 3\n      servers\n");
        assert_eq!(paragraph("", "incomprehensible word", 5), "incomprehensible\nword\n");
    }
}
