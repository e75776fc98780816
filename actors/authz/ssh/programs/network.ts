/** Programs that reach out over the network, or change what the system is. @module */
import type { Call } from "../draft.ts";
import { plain, type Value } from "../words.ts";
import { argumentsOf, described, hasOption, optionValues, type Program } from "./arguments.ts";

const administrators =
  ("shutdown reboot halt poweroff init telinit mount umount swapon swapoff useradd userdel usermod " +
    "adduser deluser groupadd groupdel groupmod addgroup delgroup gpasswd passwd chpasswd chage " +
    "vipw visudo newusers chsh chfn iptables ip6tables nft ufw firewall-cmd route ifconfig " +
    "modprobe insmod rmmod depmod fdisk sfdisk parted mkfs mkswap fsck tune2fs resize2fs lvm " +
    "pvcreate vgcreate lvcreate lvextend lvremove mdadm cryptsetup losetup hostnamectl " +
    "timedatectl localectl loginctl setenforce semanage restorecon update-rc.d chkconfig " +
    "update-alternatives dpkg-reconfigure kill pkill killall skill renice taskset prlimit " +
    "setcap auditctl sysctl setquota wall write mesg").split(" ");
/** They install or schedule code, or enter another system: all that follows is theirs. */
const installers =
  ("apt apt-get aptitude dpkg yum dnf rpm snap flatpak zypper apk pip pip3 pipx npm " +
    "yarn pnpm gem cargo go chroot nsenter unshare systemd-run crontab").split(" ");

export const networkPrograms: readonly (readonly [string, Program])[] = [
  ["curl", curl],
  ["wget", wget],
  ["ssh", onward],
  ["telnet", onward],
  ["ftp", onward],
  ["sftp", onward],
  ["socat", onward],
  ["nc", connect],
  ["ncat", connect],
  ["netcat", connect],
  ...["ping", "ping6", "traceroute", "traceroute6", "tracepath", "mtr"]
    .map((name): [string, Program] => [name, probe]),
  ...["dig", "host", "nslookup", "whois"].map((name): [string, Program] => [name, resolve]),
  ["systemctl", control],
  ["service", control],
  ["ip", inspectLinks],
  ["getent", lookUp],
  ["date", tellOrSetTime],
  ...administrators.map((name): [string, Program] => [name, (call) => call.mark("administer")]),
  ...installers.map((name): [string, Program] => [name, install]),
];

function install(call: Call): void {
  call.mark("administer");
  call.opaque("installs");
}

const curlOptions = described(
  "-#0123464aBfgGiIjkLlMNpqRsSvZ -A: -b: -c> -C: -d: -D> -e: -E< -F: -H: -m: -o> -O -Q? -r: -t: " +
    "-T: -u: -U: -w: -x: -X: -y: -Y: -z: -K? --cookie: --cookie-jar> --data: --data-binary: " +
    "--data-raw: --data-urlencode: --json: --dump-header> --fail --fail-with-body --form: " +
    "--get --head --header: --include --insecure --location --max-time: --connect-timeout: " +
    "--output> --remote-name --request: --retry: --retry-delay: --silent --show-error --compressed " +
    "--upload-file: --url: --user: --user-agent: --verbose --write-out: --proxy: --noproxy: " +
    "--cacert< --cert< --key< --http1.1 --http2 --no-buffer --max-redirs: --globoff --resolve: " +
    "--tlsv1.2 --tlsv1.3 --ipv4 --ipv6 --progress-bar --retry-connrefused --limit-rate: --range: ; " +
    "text*",
);

/** Options whose text may name a file behind `@` or `<`. */
const sends = new Set(
  ("-d --data --data-binary --data-urlencode --json -H --header -F --form -b --cookie -w " +
    "--write-out").split(" "),
);
const fileInText = /^(?:[^@<]*=)?[@<]([^;]*)(.*)/s;

function curl(call: Call): void {
  const given = argumentsOf(call, curlOptions());
  const targets = [...given.operands, ...optionValues(given, "--url")];
  if (targets.length === 0) call.network(null);
  for (const target of targets) reach(call, target);
  for (const proxy of optionValues(given, "-x", "--proxy")) reach(call, proxy);
  // It connects there, whatever the address says.
  if (hasOption(given, "--resolve")) call.opaque("unclear_host");
  for (const file of optionValues(given, "-T", "--upload-file")) {
    // Braces and brackets stand for several files.
    if (/[{}[\]]/.test(file.text ?? "")) call.opaque("unclear_path");
    call.read(file);
  }
  for (const { name, value } of given.options) {
    if (value === null || !sends.has(name)) continue;
    const { text } = value;
    if (text === null) call.opaque("unclear_argument");
    // A name may stand before the file there.
    const shape = name === "--data-urlencode" ? /^[^@=]*@([^;]*)(.*)/s : fileInText;
    const [, file, rest] = shape.exec(text ?? "") ?? [];
    // Several files, quotes, and headers out of a file.
    if (/[",]/.test(file ?? "") || /[@<]/.test(rest ?? "")) call.opaque("unclear_path");
    if (file !== undefined && file !== "-") call.read(plain(file));
    else if (file === undefined && /[@<]/.test(text ?? "")) call.mark(null, "sends_text");
  }
  // A cookie without `=` is the name of a file.
  for (const { text } of optionValues(given, "-b", "--cookie")) {
    if (text !== null && !text.includes("=")) call.read(plain(text));
  }
  if (hasOption(given, "-O", "--remote-name")) call.write(plain("."), "download");
}

const wgetOptions = described(
  "-bcdFgHkKLmNnpqrSvxV46 -a> -A: -D: -e? -G: -i? -I: -l: -o> -O> -P> -Q: -R: -t: -T: -U: -w: -X: " +
    "--output-document> --output-file> --directory-prefix> --quiet --continue --no-verbose " +
    "--header: --tries: --timeout: --user-agent: --no-check-certificate --spider --post-data: " +
    "--post-file< --body-file< --method: --server-response --recursive --no-parent --level: " +
    "--timestamping --user: --password: --show-progress --max-redirect: ; text*",
);

function wget(call: Call): void {
  const given = argumentsOf(call, wgetOptions());
  if (given.operands.length === 0) call.network(null);
  for (const target of given.operands) reach(call, target);
  const placed = hasOption(
    given,
    "-O",
    "--output-document",
    "-P",
    "--directory-prefix",
    "--spider",
  );
  if (!placed) call.write(plain("."), "download");
}

/** Host and port of an address as curl and wget take it. */
function reach(call: Call, { text, pattern }: Value): void {
  // Braces and brackets stand for several addresses.
  if (text === null || pattern || /[{}[\]\s\\]/.test(text)) return call.network(null);
  const address = /^[a-z][a-z0-9+.-]*:\//i.test(text) ? text : `http://${text}`;
  const parsed = URL.canParse(address) ? new URL(address) : null;
  if (parsed === null) return call.network(null);
  if (parsed.protocol === "file:") return call.read(plain(decodeURIComponentSafe(parsed.pathname)));
  const standard: Readonly<Record<string, number>> = {
    "http:": 80,
    "https:": 443,
    "ftp:": 21,
    "ftps:": 990,
    "sftp:": 22,
    "scp:": 22,
  };
  const port = parsed.port === "" ? standard[parsed.protocol] ?? null : Number(parsed.port);
  call.network(parsed.hostname === "" ? null : parsed.hostname, port);
}

/** What does not decode is left; it names no file that exists by accident. */
function decodeURIComponentSafe(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

/** From there on nothing is seen here. */
function onward(call: Call): void {
  call.opaque("onward");
  const hosts = call.words.filter(({ text }) => text !== null && !text.startsWith("-"));
  const [host] = hosts;
  call.network(host?.text?.replace(/^[^@]*@/, "").replace(/:.*$/, "") ?? null);
}

const connectOptions = described(
  "-46CdDFhklNnrStUuvzZ -i: -I: -O: -P: -p: -q: -s: -T: -V: -W: -w: -X: -x: -e? -c? ; text text",
);

function connect(call: Call): void {
  const { operands, options } = argumentsOf(call, connectOptions());
  const [host, port] = operands;
  if (options.some(({ name }) => name === "-l")) call.mark(null, "listen");
  const number = Number(port?.text ?? "");
  const known = Number.isInteger(number) && number > 0 && number < 65_536;
  call.network(host?.text ?? null, known ? number : null);
}

/** Options vary from system to system and none does more than send. */
function probe(call: Call): void {
  const host = call.words.at(-1);
  if (call.words.length > 0) call.network(host?.text ?? null);
}

function resolve(call: Call): void {
  for (const { text } of call.words) {
    if (text === null || /^-\w*[fk]/.test(text)) call.opaque("unknown_option");
  }
  const server = call.words.find(({ text }) => text?.startsWith("@"));
  const name = call.words.find(({ text }) => text !== null && /^[^-+@]/.test(text));
  call.network((server?.text?.slice(1) ?? name?.text) || null);
}

const lookUpOptions = described("-Ai -s: --no-addrconfig --no-idn --service: ; text*");

/** Names of hosts are asked of name servers, to which they tell what they say. */
function lookUp(call: Call): void {
  const [database, ...keys] = argumentsOf(call, lookUpOptions()).operands;
  if (database === undefined || ownDatabases.test(database.text ?? "")) return;
  for (const { text } of keys.length > 0 ? keys : [{ text: null }]) {
    call.network(database.text === null ? null : text);
  }
}
const ownDatabases =
  /^(?:aliases|ethers|group|gshadow|initgroups|passwd|protocols|rpc|services|shadow)$/;

function control(call: Call): void {
  const verbs = call.words.map(({ text }) => text ?? "").filter((text) => !text.startsWith("-"));
  const verb = call.command === "service" ? verbs[1] : verbs[0];
  // It runs ssh, or looks into another system.
  if (call.words.some(({ text }) => /^-\w*[HM]|^--(?:ho|ma|ro|im)/.test(text ?? ""))) {
    call.opaque("onward");
  }
  const looks = /^(status|is-active|is-enabled|is-failed|show|cat|list-[a-z-]+)?$/;
  if (!looks.test(verb ?? "") || call.words.some(({ text }) => text === null)) {
    call.mark("administer");
  }
}

const dateOptions = described(
  "-uR -d: -I= -f< -r< -s& --date: --file< --reference< --set& --utc --universal --rfc-email " +
    "--rfc-3339: --iso-8601= --debug ; text",
);

/** What does not begin with `+` is a time to be set. */
function tellOrSetTime(call: Call): void {
  const { operands } = argumentsOf(call, dateOptions());
  if (!operands.every(({ text }) => text?.startsWith("+"))) call.mark("administer");
}

function inspectLinks(call: Call): void {
  const words = call.words.map(({ text }) => text ?? "?").filter((text) =>
    !/^-[a-z0-9]+$/.test(text)
  );
  const [, verb = "show"] = words;
  const batch = call.words.some(({ text }) => /^-b/.test(text ?? "-b"));
  if (batch || !/^(s|sh|show|l|ls|list|get)$/.test(verb)) call.mark("administer");
}
