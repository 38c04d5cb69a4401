//! Numbers that a question takes because of where its answer goes.

use super::call::Setting;
use super::kind::Literal;
use super::param::{Default, Param};
use super::step::{Block, Step};
use super::template::Name;
use crate::platform::file::Report;

/// A parameter keeps to the bounds of the fields that it goes into, where it has none of its own: an answer outside is
/// refused where it is given, with the numbers that may be. A default outside is a mistake of the file.
pub(super) fn keep_to_fields(report: &Report, params: &mut [Param], steps: &[Step]) {
    for step in steps {
        let Block::Action(call) = &step.block else { continue };
        for (name, setting) in &call.fields {
            let Setting::Value(Name::Param(index)) = setting else { continue };
            let range = call.action.field(name).and_then(|field| field.range);
            let (Some((min, max)), Some(param)) = (range, params.get_mut(*index)) else { continue };
            param.range = (
                Some(param.range.0.map_or(min, |low| low.max(min))),
                Some(param.range.1.map_or(max, |high| high.min(max))),
            );
            if let Some(Default::Literal(Literal::Integer(number))) = param.default
                && !(min..=max).contains(&number)
            {
                report
                    .error(param.span.clone(), &format!("{name} can't be the default of {}, {number}", param.name))
                    .expected(&format!("a default from {min} to {max}"));
            }
        }
    }
}
