import type { Session, SupabaseClient } from "@supabase/supabase-js";
import type { Bearer } from "./bearer";
import type { Config } from "./config";

/** Signs people of a Supabase project in and out; nothing else is asked of it, all data come from the gateway. */
export class SupabaseLogin {
  readonly #client: SupabaseClient;

  private constructor(client: SupabaseClient) {
    this.#client = client;
  }

  /** Return the login of the project; its library is loaded only where a project is configured. */
  static async of(config: Config): Promise<SupabaseLogin | undefined> {
    if (!config.supabaseUrl) return undefined;
    const { createClient } = await import("@supabase/supabase-js");
    return new SupabaseLogin(createClient(config.supabaseUrl, config.supabaseAnonKey, { auth: { flowType: "pkce" } }));
  }

  /** Call back with who is signed in, now and whenever that changes, in another tab too. */
  watch(changed: (bearer: Bearer | undefined) => void): () => void {
    const { data } = this.#client.auth.onAuthStateChange((event, session) => {
      if (event !== "TOKEN_REFRESHED") changed(session ? this.#bearer(session) : undefined);
    });
    return () => data.subscription.unsubscribe();
  }

  /** Sign in with a password; throws what Supabase says. */
  async enter(email: string, password: string): Promise<void> {
    const { error } = await this.#client.auth.signInWithPassword({ email, password });
    if (error) throw error;
  }

  /** Have a link sent that signs in; throws what Supabase says. */
  async sendLink(email: string): Promise<void> {
    const options = { emailRedirectTo: location.href, shouldCreateUser: false };
    const { error } = await this.#client.auth.signInWithOtp({ email, options });
    if (error) throw error;
  }

  #bearer(session: Session): Bearer {
    return {
      name: session.user.email ?? session.user.id,
      credential: async () => {
        const { data } = await this.#client.auth.getSession(); // renews a token that ends soon
        return data.session?.access_token ?? "";
      },
      signOut: async () => {
        await this.#client.auth.signOut({ scope: "local" });
      },
    };
  }
}
