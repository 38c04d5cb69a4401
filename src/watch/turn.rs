//! Whose tasks to ask for in this round, when there are more services than can all be asked. Pure.

/// Services whose tasks are asked for in one round. Up to as many, all are.
pub(super) const A_ROUND: usize = 20;

/// The services of this round: the one looked at, then those in trouble, then the others, each group in turn
/// from `cursor` on, which moves with every round.
pub(super) fn choose(services: usize, focus: Option<usize>, troubled: &[usize], cursor: &mut usize) -> Vec<usize> {
    if services <= A_ROUND {
        return (0..services).collect();
    }
    let mut chosen: Vec<usize> = focus.into_iter().filter(|service| *service < services).collect();
    // Half of a round at most is for trouble: those that are well are looked at too.
    let from = troubled.iter().position(|service| *service >= *cursor).unwrap_or(0);
    for &service in troubled[from..].iter().chain(&troubled[..from]) {
        if chosen.len() >= A_ROUND / 2 {
            break;
        }
        if service < services && !chosen.contains(&service) {
            chosen.push(service);
        }
    }
    let mut service = *cursor % services;
    while chosen.len() < A_ROUND {
        if !chosen.contains(&service) {
            chosen.push(service);
        }
        service = (service + 1) % services;
    }
    *cursor = service;
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_platform_of_usual_size_has_all_of_its_tasks_in_every_round() {
        let mut cursor = 0;
        assert_eq!(choose(20, None, &[], &mut cursor).len(), 20);
        assert!(choose(0, Some(3), &[], &mut cursor).is_empty());
    }

    #[test]
    fn in_a_large_one_the_one_looked_at_and_those_in_trouble_come_first_and_everyone_in_time() {
        let mut cursor = 0;
        let mut seen = HashSet::new();
        for _ in 0..100 {
            let chosen = choose(1_000, Some(777), &[5, 990], &mut cursor);
            assert_eq!((chosen.len(), chosen.iter().collect::<HashSet<_>>().len()), (20, 20));
            assert_eq!(chosen[0], 777);
            assert!(chosen.contains(&5) && chosen.contains(&990));
            seen.extend(chosen);
        }
        assert_eq!(seen.len(), 1_000);
    }

    #[test]
    fn when_all_are_in_trouble_each_still_gets_its_turn() {
        let troubled: Vec<usize> = (0..100).collect();
        let mut cursor = 0;
        let seen: HashSet<_> = (0..10).flat_map(|_| choose(100, None, &troubled, &mut cursor)).collect();
        assert_eq!(seen.len(), 100);
    }
}
