import { isPlaceholder, isSecretVariable, redacted } from './secret-names';

/** Matches user names that are not secret, such as `git` in `ssh://git@example.com`. */
const plainUser = /^(?:git|hg|svn)$/;

/** Replaces the secret values in the URLs of a text: user names and passwords, and parameters such as `api_key`. */
export function redactUrls(text: string): string {
  if (!text.includes('=') && !text.includes('@')) return text;
  return text
    .replaceAll(/(\b[a-z][a-z\d+.-]*:\/\/)([^\s/?#"'<>]*)@/gi, (all: string, scheme: string, user: string) =>
      isPlaceholder(user.replace(':', '')) || plainUser.test(user) ? all : `${scheme}${redacted}@`,
    )
    .replaceAll(/([?&#;])([^=&#;?\s]+)=([^&#;\s"'<>]+)/g, (all: string, before: string, name: string, value: string) =>
      isSecretVariable(decode(name)) && !isPlaceholder(decode(value)) ? `${before}${name}=${redacted}` : all,
    );
}

/** Replaces the user name and password in an address without a scheme, such as `user:password@host:50051`. */
export function redactUser(address: string): string {
  return address.replace(/^[^\s/@:]+:[^\s/@]+@/, `${redacted}@`);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
