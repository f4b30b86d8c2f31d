export default function NotFound() {
  return (
    <>
      <h1>There is no such page</h1>
      <p>
        <a href="/">See the projects</a>
      </p>
    </>
  );
}
