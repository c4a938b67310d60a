#!/bin/bash
# Sign, pack and notarize: make_dmg.sh APP DMG
#
#   FI_DESKTOP_IDENTITY  "Developer ID Application: …"; without it the bundle is signed for this Mac only
#   FI_DESKTOP_NOTARY    a profile of `xcrun notarytool store-credentials`; without it, no notarization
set -euo pipefail

app=${1:?usage: make_dmg.sh APP DMG}
dmg=${2:?usage: make_dmg.sh APP DMG}
here=$(cd "$(dirname "$0")" && pwd)
identity=${FI_DESKTOP_IDENTITY:--}

options=(--force --options runtime --entitlements "$here/entitlements.plist" --sign "$identity")
if [ "$identity" != - ]; then options+=(--timestamp); fi
# inside out: a signature covers nested ones; --deep is not meant for signing (Apple TN3127)
find "$app/Contents" -type f \( -name '*.dylib' -o -name '*.so' -o -perm -u+x \) -print0 |
    while IFS= read -r -d '' file; do
        if file -b "$file" | grep -q Mach-O; then codesign "${options[@]}" "$file"; fi
    done
codesign "${options[@]}" "$app"
codesign --verify --deep --strict --verbose=2 "$app"

staged=$(mktemp -d)
trap 'rm -rf "$staged"' EXIT
cp -R "$app" "$staged/"
ln -s /Applications "$staged/Applications"
hdiutil create -volname "$(basename "$app" .app)" -srcfolder "$staged" -fs HFS+ -format ULFO -ov "$dmg"
if [ "$identity" = - ]; then exit; fi
codesign --sign "$identity" --timestamp "$dmg"
if [ -n "${FI_DESKTOP_NOTARY:-}" ]; then
    xcrun notarytool submit "$dmg" --keychain-profile "$FI_DESKTOP_NOTARY" --wait
    xcrun stapler staple "$dmg"
    spctl --assess --type open --context context:primary-signature --verbose "$dmg"
fi
