/** Somebody who is signed in: as whom the pages ask. */
export interface Bearer {
  /** What people see of it: an address, or the public part of a key. */
  name: string;
  /** Return the token or key of now. */
  credential(): Promise<string>;
  signOut(): Promise<void>;
}
