// Uses the client that openapi-generator makes for TypeScript; compiled strictly, and run by node against a server.
import {
    Configuration,
    DescriptionApi,
    DownloadsApi,
    ErrorCode,
    ErrorResponse,
    ErrorResponseFromJSON,
    FileForm,
    FileObject,
    FilePage,
    FileStatus,
    FilesApi,
    KeysApi,
    NewAPIKey,
    PresignedURL,
    ResponseError,
    UploadTicket,
    UploadsApi,
} from './generated';

declare const process: { argv: string[]; exitCode: number };

const [api, key] = process.argv.slice(2);
const configuration = new Configuration({ basePath: api, accessToken: key });
const files = new FilesApi(configuration);
const uploads = new UploadsApi(configuration);
const downloads = new DownloadsApi(configuration);

async function errorOf(request: Promise<unknown>): Promise<ErrorResponse> {
    try {
        await request;
    } catch (error) {
        if (error instanceof ResponseError) return ErrorResponseFromJSON(await error.response.json());
        throw error;
    }
    throw new Error('the request succeeded');
}

async function uploadByURL(bytes: Blob): Promise<FileObject> {
    const ticket: UploadTicket = await uploads.requestUpload({
        uploadDeclaration: { filename: 'photo.png', contentType: 'image/png', sizeBytes: bytes.size },
    });
    const headers = { 'Content-Type': ticket.headers.contentType };
    const response = await fetch(ticket.uploadUrl, { method: ticket.method, headers, body: bytes });
    if (!response.ok) throw new Error(`the upload got ${response.status}`);
    return files.getFile({ id: ticket.fileId });
}

async function play(): Promise<object> {
    const direct: FileObject = await uploads.uploadFile({ filename: 'weights.bin', body: new Blob(['direct']) });
    const byURL: FileObject = await uploadByURL(new Blob(['by URL']));
    const page: FilePage = await files.listFiles({ limit: 10, status: FileStatus.Ready });
    const download: Blob = await downloads.downloadFile({ id: byURL.fileId });
    const redirected: Blob = await downloads.downloadFile({ id: byURL.fileId, redirect: true });
    const text: string = await download.text();
    await files.deleteFile({ id: direct.fileId });
    const missing: ErrorResponse = await errorOf(files.getFile({ id: direct.fileId }));
    const code: ErrorCode = missing.error.code;
    const invalid = await errorOf(uploads.uploadFile({ filename: 'photo.png', body: new Blob([]) }));
    const description: Blob = await new DescriptionApi(configuration).getDescription();
    const uploadedAt: Date | null = byURL.uploadedAt;
    // @ts-expect-error: a name is no number, and the types say so.
    const wrong: number = direct.filename;
    return {
        code, text, missing: missing.error.requestId, statuses: [direct.status, byURL.status], type: byURL.contentType,
        redirected: await redirected.text(), listed: page.files.map((file) => file.filename).sort(),
        fields: invalid.error.details.fields?.map((field) => field.field), uploaded: uploadedAt instanceof Date,
        description: (await description.text()).slice(0, 12), wrong: typeof wrong,
    };
}

// Types that the program above does not use.
export type Others = [FileForm, KeysApi, NewAPIKey, PresignedURL];

play().then(
    (result) => console.log(JSON.stringify(result)),
    (error) => {
        console.error(error);
        process.exitCode = 1;
    },
);
