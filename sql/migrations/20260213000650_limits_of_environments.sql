-- What an environment may take of the machine is a policy of its project, within what the operator set.
alter type ops.policy_type add value if not exists 'limits';
