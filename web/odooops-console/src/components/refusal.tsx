import { Problem } from "@/api/problem";

/** Says what was refused, in the words of whoever refused it, and what to do next. */
export function Refusal({ problem }: { problem: Error }) {
  return (
    <div role="alert" className="card">
      <p className="bad">
        <strong>{problem.message}</strong>
      </p>
      {problem instanceof Problem && problem.hint && <p>{problem.hint}</p>}
    </div>
  );
}
