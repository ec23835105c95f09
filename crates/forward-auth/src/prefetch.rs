//! Begins to fetch what will be read soon: where it is in no cache of the processor, it comes while
//! the program goes on. To read it at once would wait for it.

use std::ptr::from_ref;

/// Of x86-64 and of most ARM.
const LINE: usize = 64;

/// Begins to fetch a value.
pub(crate) fn prefetch<T: ?Sized>(value: &T) {
    let first = from_ref(value).cast::<u8>();
    for at in (0..size_of_val(value)).step_by(LINE) {
        branches::prefetch_read_data::<_, 0>(first.wrapping_add(at));
    }
}
