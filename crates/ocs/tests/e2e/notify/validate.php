<?php
// A validation server as they are in the field: the record's attributes stand at the top
// level of a JSON object. Run by `php -S`.
$record = json_decode(file_get_contents('php://input'), true);
ini_set('default_mimetype', '');
header_remove('Content-Type');
if (str_ends_with($record['GSW_PHONE'], '1')) {
    http_response_code(409);
    echo json_encode(['GSW_CALL_RESULT' => 53]);
} elseif (isset($record['visits'])) {
    header('Content-Type: application/json');
    echo json_encode(['client-id' => 'php-' . $record['visits']]);
} else {
    echo 'OK';
}
