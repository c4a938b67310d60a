#!/bin/sh
# Prepares a server for fi-desktop: certificates, users of Redis, and the key. See docs/cluster.md.
#
#   sh prepare.sh HOST [FOLDER] [PORT]
#
# HOST: name or address of the server, as the desktops reach it. FOLDER: for the files (default:
# /etc/fi-desktop). PORT: of Redis (default: 6380). It writes a folder for each side, with what that needs:
#
#   ca/  redis/  worker/  desktop/  flower/  admin.password
set -eu

host=${1:?"usage: sh prepare.sh HOST [FOLDER] [PORT]"}
folder=${2:-/etc/fi-desktop}
port=${3:-6380}
here=$(cd "$(dirname "$0")" && pwd)

if [ -e "$folder/ca" ]; then
    echo "$folder has been prepared already. Delete it to begin again: all computers need the new files then." >&2
    exit 1
fi
umask 077
mkdir -p "$folder"
chmod 711 "$folder"
cd "$folder"
mkdir ca redis worker desktop flower

case $host in
    *[!0-9.:a-fA-F]*) name="DNS:$host" ;;
    *[.:]*) name="IP:$host" ;;
    *) name="DNS:$host" ;;
esac

# an authority for this server alone, and the certificate of its Redis
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -days 3650 \
    -keyout ca/ca.key -out ca/ca.crt -subj "/CN=fi-desktop $host" \
    -addext "basicConstraints=critical,CA:TRUE,pathlen:0" \
    -addext "keyUsage=critical,keyCertSign,cRLSign" 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -keyout redis/redis.key -out ca/redis.csr -subj "/CN=$host" 2>/dev/null
cat > ca/redis.ext <<END
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
subjectAltName=$name
authorityKeyIdentifier=keyid
END
openssl x509 -req -sha256 -days 825 -in ca/redis.csr -CA ca/ca.crt -CAkey ca/ca.key -CAcreateserial \
    -extfile ca/redis.ext -out redis/redis.crt 2>/dev/null
rm ca/redis.csr ca/redis.ext
for side in redis worker desktop flower; do
    cp ca/ca.crt $side/ca.crt
done

# users of Redis: it has the hashes, each side has its password
cp "$here/users.acl.in" redis/users.acl
for user in admin desktop worker flower; do
    password=$(openssl rand -hex 32)
    hash=$(printf %s "$password" | openssl dgst -sha256 -r | cut -d" " -f1)
    upper=$(printf %s "$user" | tr a-z A-Z)
    sed "s/@$upper@/$hash/" redis/users.acl > redis/users.acl.new
    mv redis/users.acl.new redis/users.acl
    eval "$user=\$password"
done
case $host in *:*) address="[$host]" ;; *) address=$host ;; esac

# what desktops and workers sign and encrypt with
openssl rand -hex 32 > worker/key
cp worker/key desktop/key

cat > worker/worker.env <<END
FI_DESKTOP_BROKER=rediss://worker:$worker@$address:$port/0
FI_DESKTOP_BROKER_CERTIFICATES=$folder/worker/ca.crt
FI_DESKTOP_CLUSTER_KEY=$folder/worker/key
FI_DESKTOP_TRANSFER=file:///srv/fi-desktop/transfer
END
cat > desktop/settings.toml <<END
backend = "both"
broker = "rediss://desktop:$desktop@$address:$port/0"
broker_certificates = "ca.crt"
cluster_key = "key"
transfer = "sftp://fi-transfer@$address/transfer"
END
cat > flower/celeryconfig.py <<END
import ssl

broker_url = "rediss://flower:$flower@$address:$port/0"
task_default_queue = "fi-desktop"
broker_use_ssl = {
    "ssl_cert_reqs": ssl.CERT_REQUIRED,
    "ssl_check_hostname": True,
    "ssl_ca_certs": "$folder/flower/ca.crt",
}
END
echo "FLOWER_BASIC_AUTH=flower:$(openssl rand -hex 16)" > flower/flower.env
printf '%s\n' "$admin" > admin.password
echo "$folder is ready for $host. Keep ca/ca.key elsewhere: nothing needs it until redis.crt is made again."
