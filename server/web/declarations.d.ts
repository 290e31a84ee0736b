/** Files that the bundler copies: importing one gives its address. */
declare module '*.json' {
  const address: string;
  export default address;
}
