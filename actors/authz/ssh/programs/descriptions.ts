/**
 * Programs whose options and operands say all that they do; see options.ts for the signs.
 *
 * A program stands here with every option it may be given. What may run code, or reads names of
 * files out of files, is marked as code or left out.
 *
 * @module
 */

/** Nothing but their output, whatever they are given. */
const inert = ("true false : echo pwd id whoami groups logname tty uname arch nproc uptime w " +
  "free vmstat iostat mpstat cal ncal seq expr basename dirname printenv locale getconf " +
  "pgrep pidof pstree lscpu lsblk lsmod netstat factor numfmt sleep " +
  "which whereis type tput clear reset stty return exit break continue shift " +
  "times umask ulimit help bg fg disown logout dirs").split(" ");

const readers: Readonly<Record<string, string>> = {
  cat:
    "-AbeEnstTuv --show-all --number-nonblank --show-ends --number --squeeze-blank --show-tabs " +
    "--show-nonprinting ; read*",
  tac: "-b -r -s: --before --regex --separator: ; read*",
  nl: "-* -b: -d: -f: -h: -i: -l: -n: -s: -v: -w: ; read*",
  head: "-# -q -v -z -n: -c: --lines: --bytes: --quiet --silent --verbose ; read*",
  tail: "-# -f -F -q -v -z -r -n: -c: -s: --lines: --bytes: --follow= --retry --pid: --quiet " +
    "--silent --verbose --sleep-interval: --max-unchanged-stats: ; read*",
  wc: "-cmlLw --bytes --chars --lines --max-line-length --words --total= --files0-from% ; read*",
  od: "-* -A: -j: -N: -S: -t: -w= ; read*",
  hexdump: "-bcCdovx -e: -f? -n: -s: ; read*",
  hd: "-bcCdovx -n: -s: ; read*",
  file: "-bchiIkLnNprsSvzZ0 -e: -F: -P: -f? -m? -C? --brief --mime --mime-type --mime-encoding " +
    "--dereference --no-dereference ; read*",
  stat: "-Lft -c: --format: --printf: --dereference --file-system --terse --cached: ; read:stat*",
  readlink: "-femnqsvz ; read:stat*",
  realpath: "-emLPqsz --relative-to: --relative-base: ; read:stat*",
  ls: "-* -R^ -I: -w: -T: --recursive^ --ignore: --hide: --width: --tabsize: ; read:list*=.",
  dir: "-* -R^ --recursive^ ; read:list*=.",
  vdir: "-* -R^ --recursive^ ; read:list*=.",
  tree: "-* -R? -L: -P: -I: -H: -T: -o> --charset: --filelimit: --timefmt: --sort: --fromfile? " +
    "--gitfile? --infofile? ; read:list*=.",
  du: "-aAbcDhHklLmsSxP0 -d: -B: -t: -X% --all --apparent-size --bytes --total --human-readable " +
    "--si --summarize --max-depth: --block-size: --exclude: --time= --files0-from% ; read:list*=.",
  df: "-ahHiklPTv -B: -t: -x: --all --human-readable --inodes --local --print-type --type: " +
    "--total --output= --si --sync --portability ; read:stat*",
  findmnt: "-* -F< --tab-file< ; text*",
  cut: "-nsz -b: -c: -d: -f: --bytes: --characters: --delimiter: --fields: --complement " +
    "--only-delimited --output-delimiter: ; read*",
  paste: "-sz -d: --delimiters: --serial ; read*",
  column: "-txeJLn -c: -s: -o: -N: -R: -T: -H: -O: -W: -d ; read*",
  colrm: "; text*",
  comm: "-123z --check-order --nocheck-order --output-delimiter: --total ; read*",
  join: "-iz -a: -e: -j: -o: -t: -v: -1: -2: --header --check-order --nocheck-order ; read*",
  diff:
    "-abBcdeEfhiHlnNpqstTuvwyZ -r^ -# -C: -D: -F: -I: -L: -S: -U: -W: -x: -X< --brief --recursive^ " +
    "--unified= --context= --side-by-side --ignore-case --ignore-all-space --ignore-space-change " +
    "--ignore-blank-lines --color= --exclude: --label: --new-file --text --width: " +
    "--suppress-common-lines --report-identical-files --strip-trailing-cr --normal ; read*",
  cmp: "-bls -i: -n: --print-bytes --verbose --quiet --silent --bytes: --ignore-initial: ; " +
    "read read text text",
  sort: "-bcCdfghiMmnRrsuVz -k: -S: -t: -T> -o> --key: --field-separator: --output> --reverse " +
    "--unique --numeric-sort --general-numeric-sort --human-numeric-sort --version-sort " +
    "--ignore-case --ignore-leading-blanks --stable --check= --merge --parallel: --buffer-size: " +
    "--temporary-directory> --compress-program! --files0-from? --random-source< --zero-terminated " +
    "--month-sort --dictionary-order --random-sort --sort: --debug --batch-size: ; read*",
  uniq: "-cdDiuz -# -f: -s: -w: --count --repeated --all-repeated= --ignore-case --unique " +
    "--skip-fields: --skip-chars: --check-chars: --group= ; read write:truncate",
  expand: "-i -# -t: --tabs: --initial ; read*",
  unexpand: "-a -t: --tabs: --all --first-only ; read*",
  fold: "-bcs -w: -# --bytes --spaces --width: --characters ; read*",
  fmt: "-cstu -w: -g: -p: -# --width: ; read*",
  pr: "-* -D: -h: -l: -o: -w: -W: -N: ; read*",
  rev: "-0 ; read*",
  tr: "-cCdst --complement --delete --squeeze-repeats --truncate-set1 ; text*",
  tsort: "; read*",
  shuf: "-ezr -i: -n: -o> --input-range: --head-count: --echo --repeat --output> " +
    "--random-source< ; read*",
  base64: "-di -w: --decode --ignore-garbage --wrap: ; read",
  base32: "-di -w: --decode --ignore-garbage --wrap: ; read",
  basenc: "-di -w: --decode --ignore-garbage --wrap: --base64 --base64url --base32 --base32hex " +
    "--base16 --base2msbf --base2lsbf --z85 ; read",
  xxd: "-abCeEiuprv -c: -g: -l: -n: -o: -s: -R: ; read write",
  zcat: "-fqv ; read*",
  bzcat: "-sqv ; read*",
  xzcat: "-qv ; read*",
  zstdcat: "-qvf ; read*",
  zdiff: "-abBciqruw ; read*",
  cksum: "-a: -l: --algorithm: --untagged --tag --base64 --raw -z -c? --check? ; read*",
  sum: "-rs ; read*",
  last: "-adFiRwx -n: -# -p: -s: -t: -f< --file< ; text*",
  lastb: "-adFiRwx -n: -# -f< ; text*",
  lastlog: "-u: -b: -t: -C& -S& ; ",
  users: "; read",
  who: "-abdHlmpqrstTu --all --boot --count --heading --login --users ; read text",
  hostname: "-AdfiIsy --fqdn --short --all-ip-addresses --domain -F& -b& ; ",
  journalctl: "-abefklmNqrxmo -u: -n: -p: -t: -S: -U: -g: -o: -k -# --unit: --lines: --output: " +
    "--since: --until: --priority: --boot= --no-pager --follow --reverse --dmesg --user --system " +
    "--identifier: --grep: --no-hostname --utc --catalog --quiet --list-boots --disk-usage " +
    "--vacuum-size& --vacuum-time& --vacuum-files& --rotate& --flush& --sync& --all --full ; text*",
  dmesg: "-dehHkLptTuwxPSrJ -f: -l: --level: --facility: --human --ctime --follow --decode " +
    "--kernel --color= --nopager --since: --until: --time-format: -c& -C& -D& -E& -n& -F< ; ",
  ps: "-* ; text*",
  ss: "-* -K& -D> -F< -N: --kill& --diag> --filter< --net: ; text*",
  top: "-bcHiSs1 -d: -n: -o: -p: -u: -U: -w: -e: -E: ; ",
};

const hashes = "-btwz --binary --tag --text --zero --status --quiet --strict --ignore-missing " +
  "--warn -l: --length: -c% --check% ; read*";

const writers: Readonly<Record<string, string>> = {
  tee: "-aip --append --ignore-interrupts --output-error= ; write*",
  touch: "-acfhm -d: -t: -r< --date: --reference< --time: --no-create --no-dereference ; " +
    "write:touch*",
  mkdir: "-pvZ -m: --mode: --parents --verbose ; write:mkdir*",
  rmdir: "-pv --parents --verbose --ignore-fail-on-non-empty ; write:remove*",
  rm: "-dfiIvx -rR^ --force --interactive= --recursive^ --dir --verbose --one-file-system " +
    "--preserve-root= --no-preserve-root ; write:remove*",
  unlink: "; write:remove*",
  shred: "-fuvxz -n: -s: --force --iterations: --size: --remove= --verbose --exact --zero " +
    "--random-source< ; write:remove*",
  truncate: "-co -s: -r< --size: --no-create --io-blocks --reference< ; write:truncate*",
  mkfifo: "-mZ: --mode: ; write:create*",
  mknod: "-mZ: --mode: ; write:create text*",
  fallocate: "-cdinpvxz -l: -o: --length: --offset: --keep-size --dig-holes ; write",
  // With --reference the first operand is a file, too.
  chmod: "-cfv -R^ --changes --silent --quiet --verbose --recursive^ --preserve-root " +
    "--no-preserve-root ; text write:chmod*",
  chown: "-cfhvHLP -R^ --changes --silent --quiet --verbose --recursive^ --dereference " +
    "--no-dereference --from: --preserve-root --no-preserve-root ; text write:chown*",
  chgrp: "-cfhvHLP -R^ --changes --silent --quiet --verbose --recursive^ --dereference " +
    "--no-dereference --preserve-root --no-preserve-root ; text write:chown*",
  chattr: "-Vf -R^ ; text write:chmod*",
  setfacl: "-bkndLPv -R^ -m: -x: -s: -M< -X< --modify: --remove: --remove-all ; write:chmod*",
  getfacl: "-acedEnpLPst -R^ ; read:stat*",
  sync: "-df --data --file-system ; write*",
  zipinfo: "-* ; read text*",
};

export const descriptions: ReadonlyMap<string, string> = new Map([
  ...inert.map((name): [string, string] => [name, "-* ; text*"]),
  ...Object.entries(readers),
  ...["md5sum", "sha1sum", "sha224sum", "sha256sum", "sha384sum", "sha512sum", "b2sum"]
    .map((name): [string, string] => [name, hashes]),
  ...Object.entries(writers),
]);
