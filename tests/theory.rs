mod chains;
mod crommelin;
mod formula_tests;
mod formulas;
mod service;
mod student;
