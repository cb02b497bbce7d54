"""Pure decisions: inputs, wheel choice, policy, the plan and its digest."""
