#!/bin/sh
# Makes every file of this folder anew, with OpenSSL 3. Nobody needs to run it before the
# year 2126: the files are kept, and the keys of the authorities are thrown away.
set -eu
folder=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
cd "$work"
note='For the tests of TLS only: nobody trusts it.'
password='pass:open sesame'

cat >ca.conf <<'CONF'
[req]
distinguished_name = name
string_mask = utf8only
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = DNS:localhost, IP:127.0.0.1
[ca]
default_ca = issue
[issue]
new_certs_dir = .
database = index
rand_serial = yes
default_md = sha256
policy = any
x509_extensions = leaf
unique_subject = no
email_in_dn = yes
copy_extensions = none
[any]
commonName = supplied
organizationalUnitName = optional
organizationName = optional
countryName = optional
emailAddress = optional
domainComponent = optional
CONF
: >index

# keep FILE NAME: into the folder, with the note before it.
keep() { { echo "$note"; cat "$1"; } >"$folder/$2"; }

# authority NAME SUBJECT
authority() {
    openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"
    openssl req -new -x509 -config ca.conf -extensions authority -key "$1.key" -subj "$2" \
        -days 36500 -out "$1.pem"
}

# leaf NAME AUTHORITY SUBJECT FROM TO, with the key that NAME.key holds.
leaf() {
    openssl req -new -utf8 -config ca.conf -multivalue-rdn -key "$1.key" -subj "$3" -out "$1.csr"
    openssl ca -batch -notext -utf8 -config ca.conf -multivalue-rdn -preserveDN \
        -cert "$2.pem" -keyfile "$2.key" -startdate "$4" -enddate "$5" -in "$1.csr" -out "$1.pem" 2>log ||
        { cat log; exit 1; }
    keep "$1.pem" "$1.pem"
    keep "$1.key" "$1.key"
}

elliptic() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key"; }
rsa() { openssl genrsa -traditional -out "$1.key" 2048 2>log; }

authority ca '/CN=OCS tests'
authority stranger-ca '/CN=OCS tests'
keep ca.pem ca.pem

for name in server client agent stranger expired future; do elliptic "$name"; done
rsa renewed
leaf server ca '/CN=server' 20260101000000Z 21260101000000Z
leaf renewed ca '/CN=renewed' 20260101000000Z 21260101000000Z
leaf client ca '/CN=client' 20260101000000Z 21260101000000Z
leaf agent ca '/C=DE/O=Beispiel, Söhne & Co./OU=a\+b/CN=Müller "Ann"/emailAddress=ann@example.com' \
    20260101000000Z 21260101000000Z
leaf stranger stranger-ca '/CN=client' 20260101000000Z 21260101000000Z
leaf expired ca '/CN=expired' 20200101000000Z 20210101000000Z
leaf future ca '/CN=future' 21200101000000Z 21260101000000Z

# The server's private key in all the ways in which a password protects one.
openssl pkcs8 -topk8 -v2 aes-256-cbc -in server.key -passout "$password" -out encrypted.key
openssl pkcs8 -topk8 -scrypt -scrypt_N 1024 -in server.key -passout "$password" -out scrypt.key
openssl pkcs8 -topk8 -v2 des3 -in server.key -passout "$password" -out des3.key
openssl ec -aes256 -in server.key -passout "$password" -out former.key 2>log
for name in encrypted scrypt des3 former; do keep "$name.key" "$name.key"; done
