# Sourced in web/: a Node that the tools of the web parts run on (20.19 or newer). Where the system has an older one (Debian 12:
# 18), a newer Node is taken from npm as an ordinary pinned package into web/.node.
NODE_PIN=22.23.3

new_enough() {
    node -e 'const [a, b] = process.versions.node.split(".").map(Number)
             process.exit(a > 22 || (a === 22 && b >= 12) || (a === 20 && b >= 19) ? 0 : 1)'
}

if ! new_enough; then
    arch=$(node -p process.arch)
    bin=".node/node_modules/node-linux-$arch/bin"
    if [ "$("$bin/node" --version 2>/dev/null || true)" != "v$NODE_PIN" ]; then
        npm install --prefix .node --no-save --ignore-scripts --no-audit --no-fund \
            "node-linux-$arch@$NODE_PIN"
    fi
    PATH="$PWD/$bin:$PATH"
    export PATH
fi
