/** Files that are bundled as text. */
declare module "*.py" {
  const text: string;
  export default text;
}

declare module "*.md" {
  const text: string;
  export default text;
}
